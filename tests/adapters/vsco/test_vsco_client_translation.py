"""Who is billed: the client of the job or the recipient of its orders, with addresses, country and language."""

from __future__ import annotations

import pytest
from vsco_records import (
    CLIENT,
    LANGUAGE,
    LINK,
    OTHER,
    TEAM_ROLE,
    job,
    job_contact,
    order,
    person,
    raw,
    read,
    records,
    shared,
    ulid,
)

from billing.domain.errors import PermanentError
from billing.ports.outside import RawRecord


def read_client(**fields: object):
    return read(records(contact=person(**fields))).client


def code_of(changed_records: list[RawRecord], shared_records: list[RawRecord] | None = None) -> str:
    with pytest.raises(PermanentError) as caught:
        read(changed_records, shared_records)
    return caught.value.code


def test_the_recipient_of_the_order_is_billed():
    other = person(id=OTHER, firstName="Bo")

    found = read(records(contact=[person(), other], order=order(recipientId=OTHER)))

    assert found.client.client_id == OTHER


def test_the_recipient_may_be_named_by_the_job_contact():
    assert read(records(order=order(recipientId=LINK))).client.client_id == CLIENT


@pytest.mark.parametrize(
    "chosen",
    [
        {"client": True, "roleKinds": []},
        {"client": False, "roleKinds": ["client"]},
        {"client": None, "roleKinds": ["subject", "customer"]},
        {"client": False, "roleKinds": None, "jobRoles": [ulid(19)]},
    ],
)
def test_without_a_recipient_the_jobs_client_is_billed(chosen):
    role = raw("job-role", id=ulid(19), name="Bride", kind="customer")
    contacts = [job_contact(id=ulid(60), contactId=OTHER, client=False, roleKinds=["subject"]), job_contact(**chosen)]

    found = read(records(job_contact=contacts, order=order(recipientId=None)), [*shared(), role])

    assert found.client.client_id == CLIENT


def test_a_job_without_a_client_needs_one():
    assert code_of(records(job_contact=[], order=order(recipientId=None))) == "client_missing"
    assert code_of(records(contact=[])) == "client_missing"
    assert code_of(records(job_contact=job_contact(hidden=True), order=[])) == "client_missing"


def test_orders_to_two_clients_are_not_billed_to_one_of_them():
    both = [order(), order(id=OTHER, recipientId=OTHER)]

    assert code_of(records(order=both, contact=[person(), person(id=OTHER)])) == "several_recipients"


def test_an_order_that_asks_for_nothing_does_not_say_who_is_billed():
    paid_one = order(id=ulid(1), recipientId=OTHER, balance=0)
    voided = order(id=ulid(2), recipientId=OTHER, status="voided")

    found = read(records(order=[order(), paid_one, voided], contact=[person(), person(id=OTHER)]))

    assert found.client.client_id == CLIENT


def test_the_photographer_is_the_contact_with_a_team_role():
    crew = person(id=OTHER, firstName="Ingrid", lastName="Nordahl")
    for known in ({"roleKinds": ["team"]}, {"roleKinds": [], "jobRoles": [None, TEAM_ROLE]}):
        links = [job_contact(), job_contact(id=ulid(61), contactId=OTHER, client=False, **known)]
        assert read(records(job_contact=links, contact=[person(), crew])).photographer == "Ingrid Nordahl"


def test_without_a_team_there_is_no_photographer():
    assert read(records()).photographer is None


def test_a_client_has_both_e_mails_each_once():
    assert read_client(secondaryEmail="office@example.com").emails == ("ann@example.com", "office@example.com")
    assert read_client(secondaryEmail="ANN@example.com").emails == ("ann@example.com",)


@pytest.mark.parametrize("email", [None, "", "nobody", "a b@example.com", "@example.com", "x" * 300 + "@example.com"])
def test_what_cannot_be_an_address_is_no_e_mail(email):
    assert read_client(email=email).emails == ()


def test_a_line_break_in_an_e_mail_never_reaches_a_header():
    found = read_client(email="ann@example.com\r\nBcc: all@example.com")

    assert found.emails == ("ann@example.com",)
    assert [address for address, _ in found.unusable_emails] == ["Bcc: all@example.com"]


def test_several_addresses_typed_into_one_field_are_several():
    found = read_client(email="Ann <ann@example.com>; per@müller.example", secondaryEmail="mailto:office@example.com.")

    assert found.emails == ("ann@example.com", "per@xn--mller-kva.example", "office@example.com")
    assert found.unusable_emails == ()


def test_an_address_that_cannot_be_mended_is_told_and_takes_no_other_with_it():
    found = read_client(secondaryEmail="n/a@none")

    assert found.emails == ("ann@example.com",)
    ((address, why),) = found.unusable_emails
    assert address == "n/a@none"
    assert "should have a period" in why


@pytest.mark.parametrize("name", ["ليلى", "<img src=http://evil.example/x>", "=1+1", "佐藤"])
def test_hostile_and_foreign_names_stay_as_they_are(name):
    assert read_client(firstName=name, lastName=None).name == name


def test_a_client_is_called_by_what_is_known():
    assert read_client(firstName=None, lastName=None, name="A. Lee").name == "A. Lee"
    assert read_client(firstName=None, lastName=None, companyName="Lee Ltd").name == "Lee Ltd"
    assert read_client(firstName=None, lastName=None).name == "ann@example.com"
    assert code_of(records(contact=person(firstName=None, lastName="\x00\n", email=None))) == "malformed_record"


def test_a_company_is_addressed_through_its_contact():
    contact = {"kind": "company", "name": "Lee Ltd", "primaryContactFirstName": "Ann", "primaryContactLastName": "Lee"}

    found = read_client(**contact)

    assert (found.name, found.company) == ("Ann Lee", "Lee Ltd")
    assert read_client(kind="company", name="Lee Ltd").name == "Lee Ltd"
    assert read_client(companyName="Studio Lee").company == "Studio Lee"


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        (
            {"streetAddress": "Weg 1\r\nHof 2", "postalCode": "10115", "city": "Berlin", "country": "DE"},
            ("Weg 1", "Hof 2", "10115 Berlin"),
        ),
        (
            {"streetAddress": "1 Main St", "city": "Salem", "state": "OR", "postalCode": "97301", "country": "US"},
            ("1 Main St", "Salem, OR 97301"),
        ),
        (
            {"streetAddress": "8 Row", "village": "Ash", "city": "Bath", "postalCode": "BA1", "country": "gb"},
            ("8 Row", "Ash", "Bath", "BA1"),
        ),
        (
            {"streetAddress": "Via 6", "city": "Genova", "state": "GE", "postalCode": "16124"},
            ("Via 6", "16124 Genova, GE"),
        ),
        ({"city": "Oslo"}, ("Oslo",)),
    ],
)
def test_addresses_are_written_as_their_country_does(address, lines):
    assert read_client(address=address).address_lines == lines


def test_a_country_that_nobody_knows_stays_a_line_of_the_address():
    assert read_client(address={"city": "Cair Paravel", "country": "Narnia"}).address_lines == (
        "Cair Paravel",
        "Narnia",
    )
    assert read_client(address={"city": "Wien", "country": "Österreich"}).address_lines == ("Wien",)


def test_bills_go_to_the_mailing_address_if_it_is_filled_in():
    home, office = {"streetAddress": "Home 1", "country": "SE"}, {"streetAddress": "Office 2", "country": "NO"}

    assert read_client(address=home, mailingAddress=office).country == "NO"
    assert read_client(address=home, mailingAddress={"country": "NO"}).country == "SE"
    assert read_client().address_lines == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        ("Germany", "DE"),
        ("UK", "GB"),
        ("usa", "US"),
        ("Österreich", "AT"),
        ("Allemagne", "DE"),
        ("U.S.A.", "US"),
        ("XX", None),
        ("Narnia", None),
        ("", None),
        (None, None),
    ],
)
def test_countries_become_codes(text, code):
    assert read_client(address={"city": "X", "country": text}).country == code


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("de", "de"),
        ("German", "de"),
        ("Deutsch", "de"),
        ("pt-BR", "pt-BR"),
        ("pt_BR", "pt-BR"),
        ("zh-Hans", "zh-Hans"),
        ("Klingonese", None),
        ("", None),
        ("xx-", None),
    ],
)
def test_languages_become_tags(text, tag):
    assert read_client(customFields=[{"fieldId": LANGUAGE, "value": text}]).language == tag


def test_the_language_may_stand_on_the_job():
    found = read(records(job=job(customFields=[{"fieldId": LANGUAGE, "value": "French"}])))

    assert found.client.language == "fr"
