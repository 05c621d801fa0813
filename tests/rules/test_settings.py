"""Settings are checked together, and nothing starts with a wrong one."""

import pytest

from membership.settings import Settings, SettingsError


def faults(**env: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({f"MEMBERSHIP_{name}": value for name, value in env.items()})
    return raised.value.faults


def test_production_names_every_missing_setting_at_once():
    told = "\n".join(faults())

    for name in ("SECRET_KEY", "FIELD_KEYS", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS", "MAIL_URL"):
        assert f"MEMBERSHIP_{name}" in told


@pytest.mark.parametrize("blank", ["", " ", " , ", "whsec_new, plain"])
def test_w35_blank_webhook_secrets_stop_the_start(blank):
    assert any(
        "STRIPE_WEBHOOK_SECRETS must be set" in fault for fault in faults(STRIPE_WEBHOOK_SECRETS=blank)
    )


def test_an_unknown_setting_stops_the_start():
    assert "MEMBERSHIP_STRIPE_SECRETKEY is not a setting" in faults(STRIPE_SECRETKEY="x")[0]


def test_a_test_variable_is_no_setting(tmp_path):
    made = Settings.from_environment(
        {"MEMBERSHIP_MODE": "test", "MEMBERSHIP_DATA_DIR": str(tmp_path), "MEMBERSHIP_TEST_ALL": "1"}
    )

    assert made.uses_sandbox


def test_a_live_key_is_refused_unless_it_is_meant():
    assert any("STRIPE_LIVE=1" in fault for fault in faults(MODE="test", STRIPE_SECRET_KEY="sk_live_abc"))


def test_only_an_address_of_this_machine_may_stand_in_for_stripe():
    assert any(
        "STRIPE_API_BASE" in fault for fault in faults(MODE="test", STRIPE_API_BASE="http://10.0.0.1:1")
    )


def test_a_mistyped_value_is_named_with_what_it_may_be():
    assert faults(MODE="prod") == ["MEMBERSHIP_MODE is one of production, demo, test."]


def test_no_secret_shows_in_the_settings_own_text(tmp_path):
    made = Settings.from_environment({"MEMBERSHIP_MODE": "test", "MEMBERSHIP_DATA_DIR": str(tmp_path)})

    assert made.secret_key not in repr(made)
    assert made.field_keys[0] not in repr(made)
