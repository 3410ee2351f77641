"""The clients of a studio in a port town: neighbours and people from far away, in their own scripts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """A name, a mailbox, and where somebody lives; `mailbox` is the part before the @."""

    first: str
    last: str
    mailbox: str
    language: str
    country: str
    street: str
    postal_code: str
    city: str
    state: str | None = None

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}".strip()


PEOPLE = (
    Person("Anna", "Lindqvist", "anna.lindqvist", "en", "SE", "Strandvägen 14", "114 56", "Stockholm"),
    Person("Jörg", "Großmann", "joerg.grossmann", "de", "DE", "Deichstraße 27", "20459", "Hamburg"),
    Person("Camille", "Lefèvre", "camille.lefevre", "fr", "FR", "12 rue des Martyrs", "75009", "Paris"),
    Person("Olivia", "Bennett", "olivia.bennett", "en", "GB", "8 Clifton Crescent", "BS8 4LX", "Bristol"),
    Person("Marcus", "Johnson", "marcus.johnson", "en", "US", "412 Prospect Street", "02139", "Cambridge", "MA"),
    Person("Lucía", "Fernández Ibáñez", "lucia.fernandez", "es", "ES", "Calle de la Palma 3, 2.º B", "28004", "Madrid"),
    Person("美咲", "佐藤", "misaki.sato", "en", "JP", "神宮前3丁目5-1", "150-0001", "東京都渋谷区"),
    Person("Katarzyna", "Wiśniewska", "k.wisniewska", "en", "PL", "ul. Piwna 21", "80-831", "Gdańsk"),
    Person("Fatima", "El Amrani", "fatima.elamrani", "fr", "FR", "45 quai de la Fosse", "44000", "Nantes"),
    Person("Søren", "Østergaard", "soeren.oestergaard", "de", "DK", "Åboulevarden 9", "8000", "Aarhus C"),
    Person("Thị Hương", "Nguyễn", "huong.nguyen", "en", "DE", "Lübecker Straße 101", "22087", "Hamburg"),
    Person("Giulia", "D'Angelo", "giulia.dangelo", "en", "IT", "Via Garibaldi 6", "16124", "Genova", "GE"),
    Person("Ελένη", "Παπαδοπούλου", "eleni.papadopoulou", "en", "GR", "Ερμού 18", "105 63", "Αθήνα"),
    Person("Tobias", "Müller-Weiß", "tobias.mueller-weiss", "de", "AT", "Zieglergasse 40/3", "1070", "Wien"),
    Person("Siobhán", "O'Sullivan", "siobhan.osullivan", "en", "IE", "3 Barrack Street", "T12 K5X8", "Cork"),
    Person("Mehmet", "Yılmaz", "mehmet.yilmaz", "de", "DE", "Große Bergstraße 160", "22767", "Hamburg"),
    Person("Ivana", "Šimić", "ivana.simic", "en", "HR", "Ilica 55", "10000", "Zagreb"),
    Person("Chloé", "Moreau-Duval", "chloe.moreau", "fr", "CH", "Rue de Bourg 22", "1003", "Lausanne", "VD"),
    Person(
        "Emily", "Nakamura", "emily.nakamura", "en", "US", "77 Valencia Street, Apt 5", "94103", "San Francisco", "CA"
    ),
    Person("Олександра", "Коваленко", "o.kovalenko", "de", "DE", "Friedensallee 63", "22765", "Hamburg"),
    Person("Daan", "van den Berg", "daan.vandenberg", "en", "NL", "Oude Gracht 211", "3511 NL", "Utrecht"),
    Person("Zoë", "Ångström", "zoe.angstrom", "de", "DE", "Am Sandtorkai 30", "20457", "Hamburg"),
    Person(
        "Mateo", "García", "mateo.garcia", "es", "MX", "Av. Álvaro Obregón 110", "06700", "Ciudad de México", "CDMX"
    ),
    Person("Hannah", "Becker", "hannah.becker", "de", "DE", "Eppendorfer Weg 57", "20259", "Hamburg"),
)
