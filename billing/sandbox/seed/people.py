"""The clients of a studio in Galway: neighbours, people who came to live there, and couples who elope to Connemara."""

from __future__ import annotations

from dataclasses import dataclass

GALWAY = "Co. Galway"


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
    Person("Aoife", "Brennan", "aoife.brennan", "en", "IE", "27 Dominick Street Lower", "H91 E7RF", "Galway"),
    Person("Pádraig", "Ó Conghaile", "padraig.oconghaile", "en", "IE", "Bóthar na Trá", "H91 T8XN", "Spiddal", GALWAY),
    Person("Camille", "Lefèvre", "camille.lefevre", "fr", "FR", "12 rue des Martyrs", "75009", "Paris"),
    Person("Cormac", "O'Sullivan", "cormac.osullivan", "en", "IE", "3 Taylor's Hill", "H91 W2DK", "Galway"),
    Person("Jörg", "Großmann", "joerg.grossmann", "de", "DE", "Aachener Straße 27", "50674", "Köln"),
    Person("Róisín", "Hynes", "roisin.hynes", "en", "IE", "Market Street", "H71 F9PC", "Clifden", GALWAY),
    Person("Marcus", "Johnson", "marcus.johnson", "en", "US", "412 Prospect Street", "02139", "Cambridge", "MA"),
    Person("Katarzyna", "Wiśniewska", "k.wisniewska", "en", "IE", "18 Doughiska Road", "H91 VK4A", "Galway"),
    Person("Lucía", "Fernández Ibáñez", "lucia.fernandez", "es", "ES", "Calle de la Palma 3, 2.º B", "28004", "Madrid"),
    Person("Eoin", "Walsh", "eoin.walsh", "en", "IE", "The Square", "H54 R2N3", "Tuam", GALWAY),
    Person("Thiago", "Ferreira", "thiago.ferreira", "en", "IE", "Bridge Street", "H91 NC86", "Gort", GALWAY),
    Person("Gráinne", "McDonagh", "grainne.mcdonagh", "en", "IE", "Main Street", "H91 D3X7", "Oughterard", GALWAY),
    Person("Olivia", "Bennett", "olivia.bennett", "en", "GB", "8 Clifton Crescent", "BS8 4LX", "Bristol"),
    Person("Hannah", "Becker", "hannah.becker", "de", "DE", "Eppendorfer Weg 57", "20259", "Hamburg"),
    Person("Tadhg", "Flaherty", "tadhg.flaherty", "en", "IE", "9 Whitestrand Avenue", "H91 Y5VC", "Galway"),
    Person("Oleksandra", "Kovalenko", "o.kovalenko", "en", "IE", "44 Ballymoneen Road", "H91 X8P2", "Galway"),
    Person("Chloé", "Moreau-Duval", "chloe.moreau", "fr", "FR", "45 quai de la Fosse", "44000", "Nantes"),
    Person("Saoirse", "Joyce", "saoirse.joyce", "en", "IE", "Cong Road", "F12 K6A1", "Cornamona", GALWAY),
    Person("Emily", "Nakamura", "emily.nakamura", "en", "US", "77 Valencia Street", "94103", "San Francisco", "CA"),
    Person("Fionn", "Lally", "fionn.lally", "en", "IE", "Abbey Street", "H62 PY60", "Loughrea", GALWAY),
    Person("Mateo", "García", "mateo.garcia", "es", "ES", "Gran Vía 61", "48011", "Bilbao", "Bizkaia"),
    Person("Fatima", "El Amrani", "fatima.elamrani", "fr", "IE", "31 Newcastle Road", "H91 C9F5", "Galway"),
    Person("美咲", "佐藤", "misaki.sato", "en", "JP", "神宮前3丁目5-1", "150-0001", "東京都渋谷区"),
    Person("Orla", "Heneghan", "orla.heneghan", "en", "IE", "15 Kingston Gardens", "H91 A4TW", "Galway"),
)

# Those whose sessions have a story of their own: none of them is among the others.
DONAL = Person("Dónal", "Fahy", "donal.fahy", "en", "IE", "6 Salthill Lower", "H91 P2W8", "Galway")
NIAMH = Person("Niamh", "Keane", "niamh.keane", "en", "IE", "52 Rahoon Road", "H91 R6H3", "Galway")
SEAMUS = Person("Séamus", "Mac an Iomaire", "seamus.maci", "en", "IE", "Cill Chiaráin", "H91 KT27", "Connemara", GALWAY)
CIARA = Person("Ciara", "Burke", "ciara.burke", "en", "IE", "Cross Street", "H65 FD21", "Athenry", GALWAY)
DECLAN = Person("Declan", "Moran", "declan.moran", "en", "IE", "11 Fr. Griffin Road", "H91 N4E8", "Galway")
MAEVE = Person("Maeve", "Folan", "maeve.folan", "en", "IE", "Cashel Bay", "H91 HF38", "Cashel", GALWAY)
ANNA = Person("Anna", "Lindqvist", "anna.lindqvist", "en", "IE", "23 College Road", "H91 V0XR", "Galway")
TOBIAS = Person("Tobias", "Müller-Weiß", "tobias.mueller-weiss", "de", "AT", "Zieglergasse 40/3", "1070", "Wien")
SIOBHAN = Person("Siobhán", "Ní Dhomhnaill", "siobhan.nid", "en", "IE", "Shore Road", "H91 W9K0", "Inverin", GALWAY)
EIMEAR = Person("Eimear", "Costello", "eimear.costello", "en", "IE", "2 Threadneedle Road", "H91 TX5D", "Galway")
RONAN = Person("Ronan", "Costello", "ronan.costello", "en", "IE", "2 Threadneedle Road", "H91 TX5D", "Galway")
DEIRDRE = Person("Deirdre", "Gannon", "deirdre.gannon", "en", "IE", "Main Street", "H53 A0K6", "Ballinasloe", GALWAY)
BRIAN = Person("Brian", "Kelly", "brian.kelly", "en", "IE", "70 Bohermore", "H91 YF66", "Galway")
UNA = Person("Úna", "Tierney", "una.tierney", "en", "IE", "19 Glenard Crescent", "H91 DP9N", "Galway")
LIAM = Person("Liam", "Concannon", "liam.concannon", "en", "IE", "Vicar Street", "H54 C9T4", "Tuam", GALWAY)
JULIETTE = Person("Juliette", "Roussel", "juliette.roussel", "fr", "FR", "7 rue Mercière", "69002", "Lyon")
SINEAD = Person("Sinéad", "Glynn", "sinead.glynn", "en", "IE", "8 Monivea Road", "H91 AH02", "Galway")
GRACE = Person("Grace", "Holloway", "grace.holloway", "en", "US", "31 Commonwealth Avenue", "02116", "Boston", "MA")
CATHAL = Person("Cathal", "Noone", "cathal.noone", "en", "IE", "Church Lane", "H91 RW5E", "Oranmore", GALWAY)
