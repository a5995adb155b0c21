"""What the name of a column says about people: names, addresses, birth dates, telephones; in several languages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from core.ingest.names import plain


@dataclass(frozen=True)
class Says:
    """What a column's name lets one expect. `name` "maybe": a bare "name" is a person's only in a file of users.

    `code`: the column holds numbers or codes of things, so that digits with hyphens are no telephone numbers.
    """

    name: Literal["sure", "maybe"] | None = None
    address: bool = False
    birth: bool = False
    phone: bool = False
    code: bool = False


def says(name: str) -> Says:
    """What the name of a column says about people.

    >>> says("Customer Name").name, says("category_name").name, says("name").name, says("ip_address").address
    ('sure', None, 'maybe', False)
    """
    word = plain(name)
    joined = word.replace("_", "")
    parts = set(word.split("_"))
    phone = joined in _PHONE or bool(parts & _PHONE and not parts & _NO_PHONE)
    return Says(
        name="sure" if joined in _NAME or _OF_PERSON.fullmatch(word) else "maybe" if joined in _MAYBE else None,
        address=(joined in _ADDRESS or bool(_OF_ADDRESS.fullmatch(word))) and not parts & _NO_ADDRESS,
        birth=joined in _BIRTH or bool(_OF_BIRTH.fullmatch(word)),
        phone=phone,
        code=not phone and (bool(parts & _CODE) or joined.endswith(("id", "code", "sku", "ean", "gtin", "isbn"))),
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NAME = _words("""
firstname lastname fullname givenname familyname middlename surname forename maidenname secondname cardholder
vorname nachname familienname zuname kundenname ansprechpartner rufname geburtsname empfaenger empfänger
prenom prénom nomdefamille nomclient nomprenom nomcomplet apellido apellidos nombrecompleto nombrecliente primerapellido
cognome nomecompleto nomecliente sobrenome nomecognome voornaam achternaam klantnaam imie imię nazwisko
förnamn efternamn fornavn etternavn efternavn etunimi sukunimi jmeno jméno prijmeni příjmení adi soyadi adı soyadı
姓名 名字 姓 名 真实姓名 客户姓名 收货人 氏名 お名前 顧客名 имя фамилия отчество фио
""")
_MAYBE = _words("name nom nombre nome naam namn navn nimi contact recipient 名前 имена kontakt")
_OF_PERSON = re.compile(
    r"(?:.*_)?(?:customer|client|contact|user|person|people|member|subscriber|buyer|guest|patient|employee|recipient"
    r"|billing|shipping|delivery|holder|cardholder|card_holder|owner|passenger|student|sender|receiver|account_holder)"
    r"_?(?:first_?|last_?|full_?|family_?|given_?)?name"
    r"|(?:.*_)?(?:first|last|full|given|family|middle|maiden)_?name"
    r"|(?:kunden|nutzer|mitglieds|empfänger|empfaenger|liefer|rechnungs)_?(?:vor|nach)?name"
    r"|(?:nom|prenom|prénom)_(?:du_|de_)?(?:client|contact|famille)|nombre_(?:del_)?cliente|nome_(?:do_)?cliente"
)
_ADDRESS = _words("""
address streetaddress street address1 address2 addressline addressline1 addressline2 streetname homeaddress
postaladdress mailingaddress billingaddress shippingaddress deliveryaddress adresse anschrift straße strasse
strassehausnummer lieferadresse rechnungsadresse lieferanschrift rue adressepostale adresse1 adresse2
direccion dirección calle domicilio indirizzo endereco endereço rua morada adres straat straatnaam ulica adresa
gata gatuadress osoite gateadresse vej 地址 收货地址 详细地址 住址 住所 адрес улица
""")
_OF_ADDRESS = re.compile(
    r"(?:.*_)?(?:billing|shipping|delivery|home|street|postal|mailing|customer|client|user|residential)_address(?:_?\d)?"
    r"|(?:.*_)?(?:address|street|adresse)_(?:line_?)?\d|(?:.*_)?street_name|(?:billing|shipping)_street|street_and_.*"
)
_NO_ADDRESS = _words("ip email e mail mac web url http site wallet memory host server")
_BIRTH = _words("""
birthdate dateofbirth dob birthday bday birthdt borndate borndon geburtsdatum geburtstag gebdatum gebdat geb
datedenaissance datenaissance naissance fechadenacimiento fechanacimiento nacimiento cumpleaños datadinascita
datanascita datadenascimento datanascimento nascimento geboortedatum dataurodzenia fødselsdato födelsedatum
födelsedag syntymäaika datumnarozeni doğumtarihi 生日 出生日期 出生年月 生年月日 誕生日 датарождения деньрождения
""")
_OF_BIRTH = re.compile(
    r"(?:.*_)?(?:birth_?date|date_of_birth|dob|birth_?day|geburtsdatum|fecha_(?:de_)?nacimiento|date_(?:de_)?naissance)"
)
_PHONE = _words("""
phone phones phonenumber phoneno telephone tel mobile mobilephone mobilenumber mobileno cell cellphone msisdn fax
whatsapp telefon telefonnummer telefonnr handy handynummer mobil mobilnummer téléphone telephonenumber portable
telefono teléfono movil móvil celular cellulare telefone telemovel telemóvel telefoon telefoonnummer mobiel komórka
matkapuhelin puhelin telefonas 手机 手机号 手机号码 电话 电话号码 联系电话 電話 電話番号 携帯 телефон мобильный
""")
_NO_PHONE = _words("id ids code key hash model version order brand device user app type os count total campaign")
_CODE = _words("""
id ids no nr num number code codes sku ean gtin upc isbn asin order invoice ref reference article artikel product
produkt item stock barcode serial tracking key hash version batch lot nummer numero número
""")
