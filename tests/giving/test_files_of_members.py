"""Files of members that other platforms give: read strictly, however they are written; each row not taken is named."""

import json
from datetime import date

import pytest

from membership.articles.sources.items import ImportFileError
from membership.giving import moving_in
from membership.giving.sources import ghost, patreon, plain
from membership.giving.sources.members import Left, Member

PATREON = (
    "Name,Email,Discord,Patron Status,Follows You,Free Member,Free Trial,Lifetime Amount,Pledge Amount,Charge "
    "Frequency,Tier,Last Charge Date,Last Charge Status,User ID,Last Updated,Currency,Access Expiration,"
    "Next Charge Date\n"
)
GHOST = (
    "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,"
    "labels,tiers\n"
)


@pytest.fixture
def file(tmp_path):
    """Write a file; gives its path."""

    def write(content: str | bytes, name: str = "members.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def _patron(name="Olena", email="olena@example.org", status="Active patron", **cells):
    row = {
        "free": "No",
        "trial": "No",
        "every": "Monthly",
        "last": "2026-11-01 08:00:00",
        "paid": "Paid",
        "until": "",
        "next": "2026-12-01 08:00:00",
        **cells,
    }
    return (
        f"{name},{email},,{status},No,{row['free']},{row['trial']},50,5,{row['every']},Friend,{row['last']},"
        f"{row['paid']},1,2026-11-02,EUR,{row['until']},{row['next']}\n"
    )


def test_a_patreon_patron_is_paid_to_the_next_charge(file):
    told = list(patreon.read(file(PATREON + _patron())))

    assert told == [
        Member(
            row=2, email="olena@example.org", name="Olena", platform="Patreon", paid_through=date(2026, 12, 1)
        )
    ]


@pytest.mark.parametrize(
    ("cells", "day"),
    [
        ({"next": ""}, date(2026, 12, 1)),  # a month after the last charge
        ({"next": "", "every": "Annual"}, date(2027, 11, 1)),
        ({"until": "2026-12-24"}, date(2026, 12, 24)),
        ({"status": "Former patron", "until": "2026-12-11"}, date(2026, 12, 11)),
        ({"status": "Declined patron", "until": "2026-12-12"}, date(2026, 12, 12)),
    ],
)
def test_what_is_paid_to_which_day_on_patreon_is_understood(file, cells, day):
    told = list(patreon.read(file(PATREON + _patron(**cells))))

    assert [one.paid_through for one in told if isinstance(one, Member)] == [day]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"status": "Declined patron"}, "declined"),
        ({"status": "Former patron"}, "has ended"),
        ({"status": ""}, "free member"),
        ({"status": "Patron saint"}, "none that we know"),
        ({"free": "Yes"}, "free member"),
        ({"trial": "Yes"}, "free trial"),
        ({"next": "", "every": "Per creation"}, "neither every month nor every year"),
        ({"next": "", "paid": "Declined"}, "to which day"),
        ({"next": "11/12/2026"}, "no day like"),
        ({"next": "2026-13-01"}, "no day like"),
        ({"email": ""}, "no e-mail address"),
        ({"email": "=cmd|' /C calc'!A0"}, "none that can be written to"),
        ({"email": "a@b.org;c@d.org"}, "none that can be written to"),
    ],
)
def test_a_row_that_is_not_plainly_paid_is_named_with_its_reason(file, cells, why):
    told = list(patreon.read(file(PATREON + _patron() + _patron(**cells))))

    left = told[1]
    assert isinstance(left, Left)
    assert left.name == 3
    assert why in left.reason
    assert "@" not in left.reason


HOSTILE = "email;name;paid_through;platform;something else\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_i23_marks_separators_quotes_and_empty_lines_are_tolerated(file, encoding):
    content = (
        HOSTILE + 'a@example.org;"Ковальчук; ""Марія""";24.12.2026;Steady;x\r\n\r\n\r\n'
        '"b@example.org";"two\r\nlines";2026-12-24T10:00:00Z;Steady\r\n'
    )

    told = list(plain.read(file(content.encode(encoding)), ""))

    assert [(one.row, one.name) for one in told if isinstance(one, Member)] == [
        (2, 'Ковальчук; "Марія"'),
        (5, "two lines"),
    ]


def test_i23_a_formula_is_never_more_than_its_text(file):
    content = HOSTILE + 'a@example.org;"\'=HYPERLINK(""https://evil.example"")";2026-12-24;Steady;\n'

    (told,) = plain.read(file(content), "")

    assert isinstance(told, Member)
    assert told.name == '=HYPERLINK("https://evil.example")'


def test_i23_windows_letters_are_read(file):
    path = file((HOSTILE + "a@example.org;Олена;2026-12-24;Steady;\n").encode("cp1251"))

    (told,) = plain.read(path, "")

    assert isinstance(told, Member)
    assert told.name == "Олена"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "empty"),
        ("name;address\nx;y\n", "no column email, paid_through"),
        ("email,email,paid_through\n", "two columns for email"),
        ('email,paid_through\n"a@example.org"x,2026-12-24\n', "from line 2 on"),
        ('email,paid_through\n"a@example.org,2026-12-24\n', "no CSV"),
    ],
)
def test_i23_a_file_that_is_no_such_csv_is_refused_as_a_whole(file, content, why):
    with pytest.raises(ImportFileError, match=why):
        list(plain.read(file(content), "Steady"))


def test_i23_cells_beyond_the_header_and_texts_that_are_none_are_left(file):
    content = (
        "email,paid_through\na@example.org,2026-12-24,surprise\nb@example.org\0,2026-12-24\n"
        "c@example.org\nd@example.org,2026-12-24\n"
    )

    told = list(plain.read(file(content), "Steady"))

    assert [one.name for one in told if isinstance(one, Left)] == [2, 3, 4]
    assert [one.email for one in told if isinstance(one, Member)] == ["d@example.org"]


def test_i23_of_one_address_only_the_first_row_is_taken(file):
    content = "email,paid_through\nOlena@Example.org,2026-12-24\nolena@example.org ,2027-12-24\n"

    told = list(moving_in.unique(plain.read(file(content), "Steady")))

    assert told[1] == Left(3, "it is of the same person as row 2")


def test_a_plain_row_needs_a_platform_and_a_known_language(file):
    content = "email,paid_through,language,platform\na@example.org,2026-12-24,,\nb@example.org,2026-12-24,xx,Steady\n"

    told = list(plain.read(file(content), ""))

    assert [
        ("--platform" in one.reason, "language" in one.reason) for one in told if isinstance(one, Left)
    ] == [
        (True, False),
        (False, True),
    ]


def test_ghosts_members_are_joined_by_their_customer(file):
    content = GHOST + (
        "1,a@example.org,Ada,note,true,false,cus_1,2024-01-01T00:00:00.000Z,,VIP,Gold\n"
        "2,b@example.org,,,false,false,cus_2,2024-01-01T00:00:00.000Z,,,\n"
        "3,c@example.org,,,true,false,,2024-01-01T00:00:00.000Z,,,\n"
        "4,d@example.org,,,true,true,,2024-01-01T00:00:00.000Z,,,\n"
        "5,e@example.org,,,true,false,cus_5,2024-01-01T00:00:00.000Z,2025-01-01T00:00:00.000Z,,\n"
        "6,f@example.org,,,true,false,<script>,2024-01-01T00:00:00.000Z,,,\n"
    )

    told = list(ghost.read(file(content), None))

    assert [(m.customer_id, m.name, m.wants_mail) for m in told if isinstance(m, Member)] == [
        ("cus_1", "Ada", True),
        ("cus_2", "", False),
    ]
    reasons = {one.name: one.reason for one in told if isinstance(one, Left)}
    assert "free member" in reasons[4]
    assert "--complimentary-until" in reasons[5]
    assert "deleted" in reasons[6]
    assert "no customer" in reasons[7]


def test_ghosts_json_export_is_read_if_it_has_members(file):
    data = {
        "members": [
            {"id": "m1", "email": "a@example.org", "name": "Ada", "status": "paid"},
            {"id": "m2", "email": "b@example.org", "name": None, "status": "comped"},
        ],
        "members_stripe_customers": [{"member_id": "m1", "customer_id": "cus_1"}],
    }
    path = file(json.dumps({"db": [{"meta": {}, "data": data}]}), "ghost.json")

    told = list(ghost.read(path, date(2026, 12, 31)))

    assert [(m.customer_id, m.paid_through) for m in told if isinstance(m, Member)] == [
        ("cus_1", None),
        ("", date(2026, 12, 31)),
    ]
    for nothing in ('{"db": [{"data": {"posts": []}}]}', "[]", '{"db": 7}'):
        with pytest.raises(ImportFileError, match="no members"):
            list(ghost.read(file(nothing, "ghost.json"), None))
    with pytest.raises(ImportFileError, match="no JSON"):
        list(ghost.read(file("{", "ghost.json"), None))
