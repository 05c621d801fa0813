// Prints, as JSON, what MDN's HTTP Observatory finds of https://HOST:PORT by its own retriever, tests, scores and grades.
// Its own command asks for ports 80 and 443 only; its retriever takes others. Copied beside its package to be run.
import { retrieve } from "@mdn/mdn-http-observatory/src/retriever/retriever.js";
import { ALL_TESTS } from "@mdn/mdn-http-observatory/src/constants.js";
import { MINIMUM_SCORE_FOR_EXTRA_CREDIT } from "@mdn/mdn-http-observatory/src/grader/charts.js";
import { getGradeForScore, getScoreModifier } from "@mdn/mdn-http-observatory/src/grader/grader.js";

const [host, httpPort, httpsPort, path] = process.argv.slice(2);
const found = await retrieve(host, { httpPort: Number(httpPort), httpsPort: Number(httpsPort), path });
if (!found.responses.auto) throw new Error("nothing answers");
const tests = ALL_TESTS.map((test) => {
  const result = test(found);
  return { name: result.constructor.name, result: result.result, pass: result.pass, modifier: getScoreModifier(result.result) };
});
// Extra credit counts only for what would have an A without it, as in the package's scanner.
const penalties = tests.reduce((sum, test) => sum + Math.min(test.modifier, 0), 100);
const all = tests.reduce((sum, test) => sum + test.modifier, 100);
const { grade, score } = getGradeForScore(penalties >= MINIMUM_SCORE_FOR_EXTRA_CREDIT ? all : penalties);
console.log(JSON.stringify({ status: found.responses.auto.status, grade, score, tests }));
