"""What is personal is replaced, in every way that people write it; what only looks like it stays."""

from __future__ import annotations

import pytest

from integration.note.question.personal_data import neutral


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Cards
        ("card 4111111111111111 fails", "card [card] fails"),
        ("4111.1111.1111.1111!", "[card]!"),
        ("card 4111 1111 1111 1111 09/27 123", "card [card] [card]"),
        ("my card number is 4111 1111 1111 1112", "my card number is [card]"),
        ("paid with 3530 1113 3330 0000 and 6011000990139424", "paid with [card] and [card]"),
        # Accounts
        ("de89370400440532013000 bitte", "[IBAN] bitte"),
        ("IBAN: FR14 2004 1010 0505 0001 3M02 606.", "IBAN: [IBAN]."),
        ("IBAN CH9300762011623852957 ab morgen", "IBAN [IBAN] ab morgen"),
        ("IBAN DE00 1234 5678 9012 3456 78 geht nicht", "IBAN [IBAN] geht nicht"),
        ("Konto-Nr. 1234567890, BLZ 37040044", "Konto-Nr. [account], BLZ [account]"),
        ("SWIFT code DEUTDEFF500", "SWIFT code [account]"),
        # Tokens
        ("key AIzaSyA-1234567890abcdefghijklmnopqrst", "key [token]"),
        ("glpat-AbCdEf1234567890XyZq rejected", "[token] rejected"),
        ("api_key=9f8e7d6c5b4a", "api_key=[token]"),
        ('"access_token": "a1b2c3d4e5f6"', '"access_token": "[token]"'),
        ("X-Api-Key: Zk3Q9vT1mX7bL2pR8wN4", "X-Api-Key: [token]"),
        ("Authorization: Bearer abc123.def-456_x", "Authorization: Bearer [token]"),
        # Passwords
        ("password is hunter2", "password is [password]"),
        ("the password is hunter2, user is bob", "the password is [password], user is bob"),
        ("pw: letmein", "pw: [password]"),
        ("pwd=Secret99; next", "pwd=[password]; next"),
        ("Passwort lautet Regenbogen", "Passwort lautet [password]"),
        ("mein Passwort ist Katze123.", "mein Passwort ist [password]."),
        ("la contraseña es gatito", "la contraseña es [password]"),
        ("mi contraseña: Sol_2020", "mi contraseña: [password]"),
        ("login with password qwerty12 please", "login with password [password] please"),
        ("PASSWORD - Tiger!77", "PASSWORD - [password]"),
        ("temporary password of Xy7#pq", "temporary password of [password]"),
        # Codes
        ("OTP 993 112 expired", "OTP [code] expired"),
        ("verification code: 55120", "verification code: [code]"),
        ("your code 112233 does nothing", "your code [code] does nothing"),
        ("Der Sicherheitscode 8841 stimmt nicht", "Der Sicherheitscode [code] stimmt nicht"),
        ("el código de seguridad es 883311", "el código de seguridad es [code]"),
        ("código de un solo uso 4402", "código de un solo uso [code]"),
        # Phones
        ("call 415-555-0132", "call [phone]"),
        ("(415) 555-0132 is mine", "[phone] is mine"),
        ("+1 (415) 555 0132", "[phone]"),
        ("+44 (0)20 7946 0123", "[phone]"),
        ("Tel: 040/66969123", "Tel: [phone]"),
        ("Handy 0171/39 200 12", "Handy [phone]"),
        ("mi número es el 612 345 678", "mi número es el [phone]"),
        ("Whatsapp 5551234567", "Whatsapp [phone]"),
        ("my number is 07700900123", "my number is [phone]"),
        ("reach me at 555 0132 77", "reach me at [phone]"),
        ("+41 44 668 18 00", "[phone]"),
        # E-mail
        ("ada@shop.example", "[email]"),
        ("<ada.l+x@shop.co.example>", "<[email]>"),
        ("ada at shop dot example", "[email]"),
        ("ada dot byron at shop dot co dot example", "[email]"),
        ("ada(at)shop.example", "[email]"),
        ("ada [at] shop [dot] example", "[email]"),
        ("ada @ shop.example", "[email]"),
        ("ada arroba tienda punto example", "[email]"),
        ("ada ät laden punkt example", "[email]"),
        ("mailto:ada@shop.example?subject=x", "[email]"),
        ("用户@例え.example", "[email]"),
        # Links
        ("https://shop.example/cart?id=1", "https://shop.example/cart"),
        ("(see https://shop.example/cart?id=1).", "(see https://shop.example/cart)."),
        ("https://shop.example/#access=99x&u=1", "https://shop.example/"),
        ("www.shop.example/r?u=ada", "www.shop.example/r"),
        ("shop.example/r?u=ada", "shop.example/r"),
        ("https://ada:geheim@shop.example/x", "https://[password]@shop.example/x"),
        ("https://shop.example/u/ada@shop.example/x", "https://shop.example/u/[email]/x"),
        # Addresses of machines
        ("from 203.0.113.7:8080", "from [IP]:8080"),
        ("IP 2001:db8::1.", "IP [IP]."),
        ("MAC 00:1B:44:11:3A:B7", "MAC [id]"),
        # Tax, identity, birth
        ("SSN 219-09-9999", "SSN [tax id]"),
        ("social security number 219 09 9999", "social security number [tax id]"),
        ("NINO AB123456C", "NINO [tax id]"),
        ("Steuer-ID: 86 095 742 719", "Steuer-ID: [tax id]"),
        ("USt-IdNr. DE136695976", "USt-IdNr. [tax id]"),
        ("DNI 12345678-Z", "DNI [tax id]"),
        ("passport no. 533380006", "passport no. [id]"),
        ("Personalausweis T22000129", "Personalausweis [id]"),
        ("DOB 4/23/1992", "DOB [date of birth]"),
        ("born April 23, 1992", "born [date of birth]"),
        ("Geburtstag: 23. April 1992", "Geburtstag: [date of birth]"),
        ("nacido el 23 de abril de 1992", "nacido el [date of birth]"),
        # Postal addresses
        ("send to 221B Baker Street, London NW1 6XE please", "send to [address] please"),
        ("I live at 742 Evergreen Terrace, Springfield, OR 97403.", "I live at [address]."),
        ("1600 N Main St Apt 5, Tulsa OK 74103", "[address]"),
        ("ship to 12 maple street", "ship to [address]"),
        ("P.O. Box 77, Reno, NV 89501", "[address]"),
        ("Flat 3, 12 High Street, Leeds LS1 4AB", "[address]"),
        ("postcode is SW1A 1AA", "postcode is [address]"),
        ("Musterstr. 5, 12345 Musterstadt", "[address]"),
        ("Musterstraße 5\n12345 Musterstadt", "[address]"),
        ("Berliner Allee 12-14 in 40212 Düsseldorf", "[address] in [address]"),
        ("Am Markt 3, 99084 Erfurt", "[address]"),
        ("An der Alten Mühle 7a, 04109 Leipzig", "[address]"),
        ("An den Linden 3\nD-10117 Berlin", "[address]"),
        ("Ich wohne in 80331 München", "Ich wohne in [address]"),
        ("Bahnhofstrasse 10, 8001 Zürich", "[address]"),
        ("Calle Mayor 12, 28013 Madrid", "[address]"),
        ("Calle de Alcalá, n.º 45, 2º B, 28014 Madrid", "[address]"),
        ("Avda. Libertad 7, bajo, 30009 Murcia", "[address]"),
        ("Av. Insurgentes Sur 1602, Col. Crédito, 03940 Ciudad de México", "[address]"),
        # What stood elsewhere already, and what is written beside something else
        ("pw is Tiger2024, I typed Tiger2024 twice", "pw is [password], I typed [password] twice"),
        ("the code was 993311 and then 120045", "the code was [code] and then [code]"),
        ("ada@shop.example / Winter#99", "[email] / [password]"),
        ("Zugangsdaten: ada / Winter#99", "Zugangsdaten: ada / [password]"),
        ("curl -u ada:s3cretPw https://api.shop.example/", "curl -u ada:[password] https://api.shop.example/"),
        ('{"password": "abcDEF"}', '{"password": "[password]"}'),
        ("Karte 4111 1111\n1111 1111 geht nicht", "Karte [card] geht nicht"),
        ("350 Fifth Avenue, 34th Floor, New York, NY 10118", "[address]"),
        ("Unit 5, The Old Brewery, Mill Lane, Bath BA1 1AA", "[address]"),
        ("Goethestr. 3, 3. OG links, 80336 München", "[address]"),
        ("Av. Diagonal 640, 6ª planta, Barcelona 08017", "[address]"),
        ("calle Gran Vía 28, 5ºA, 28013 Madrid", "[address]"),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "[token]"),
        # Names
        ("Ich bin Ada König, Kundin", "Ich bin [name], Kundin"),
        ("My name is Ada Lovelace and", "My name is [name] and"),
        ("ich heiße Ada von Byron, und", "ich heiße [name], und"),
        ("me llamo Ada Ruiz.", "me llamo [name]."),
    ],
)
def test_what_is_personal_becomes_what_it_is(text: str, expected: str) -> None:
    assert neutral(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Order 4155550132 and order #4111111111111111",
        "Order #10482, invoice INV-2026-00831, RMA 55120, ticket 5531234",
        "Bestellnummer 01761234567, Rechnung 2026-4471, Kundennummer 3004471222",
        "Pedido 612345678, factura F-2026-118",
        "tracking 1Z999AA10123456784 and RM123456785GB",
        "EAN 4006381333931, ISBN 978-3-16-148410-0",
        "$1,250.00, 1.250,00 €, 49.90 EUR, 12 500 rows, 1 234 567 events",
        "version 5.2.1, App 2.0.1.17, build 22631.3880, Chrome 128.0.6613.85, iOS 18.0.1",
        "on 12/08/2026 at 14:02:33, 2026-08-12T14:02:33Z, 12.08.2026, 3 August 2026",
        "error 0x80004005, E-1042, HTTP 502, ERR_CONNECTION_RESET, error code 429001, Fehlercode 123456",
        "Error code: 12345678 after the update",
        "código de error 123456, código postal incorrecto",
        "coupon code SUMMER20, Gutscheincode HERBST15",
        "my password is not working, password is wrong, the password is rejected every time",
        "Passwort ist falsch, das Passwort wird nicht angenommen, Passwort vergessen",
        "la contraseña es incorrecta, no recuerdo la contraseña, la contraseña no funciona",
        "the password field is empty; password: still wrong",
        "I forgot my password and the reset email never came",
        "token expired, Bearer authentication, secret santa, the key is missing",
        "request id 7d1f3c22-9a1b-4c3d-8e5f-0123456789ab",
        "TypeError: cannot read properties of undefined (reading 'map') in CheckoutPaymentMethodSelector2",
        "/var/log/app/Checkout-Service-2026-08-12.log",
        "https://shop.example/account/orders/10482 and https://shop.example/#/cart",
        "192.168.178.1, localhost 127.0.0.1 and 10.0.0.5",
        "I meet my colleagues at work. Look at shop.example",
        "20 people on the street, 5 minutes down the road, 3 steps",
        "3 times in a row the Road Map view crashed",
        "12345 Artikel, 50000 Euro, 10000 Zeilen, 2024 Dateien",
        "Am Montag 3 Versuche, Im August 10 Fehler, Am Samstag um 11:40",
        "Speicherplatz 5 GB, Arbeitsplatz 3",
        "page 12 of 14 is blank, step 3 of 5, 720p, 1080p, 2.4 GHz, 94/38 Mbit",
        "ratio 16:9, 10:20:30, 00:14:22",
        "card ending in 4242, Karte endet auf 4471",
        "valid until 09/27",
        "Passwort: geht nicht. Password: see above",
        "we had 5 Black Friday Square banners and 2 Google Home Drive units",
        "from 2.3.4.5 to 2.3.4.6",
        "record 507f1f77bcf86cd799439011, commit 3f2a9bc",
        "resets 1722850000, line 120456, used 99812 of 100000 calls",
        "user 30021877 sees 12 500 orders",
        "we were born to shop since 12/08/2026",
        "between 100 and 200 ms, 30-45 s, 250 000 users",
        "Android 14, Pixel 8, Galaxy S23, iPhone15,3, Windows 11",
        "SKU 1180-20, article 4711-B, serial SN-88A1-2034-77, 52J221003344",
        "I called support on 12/08/2026 about order 12345678",
    ],
)
def test_what_a_question_is_about_stays(text: str) -> None:
    assert neutral(text) == text


def test_names_of_the_people_are_personal_as_they_are_written() -> None:
    text = "I, ada lovelace, may ask: Ada May's account and MAY's. It may work."
    assert (
        neutral(text, people=["Ada Lovelace", "May"])
        == "I, [name], may ask: [name] [name]'s account and [name]'s. It may work."
    )


def test_a_name_with_its_initial_is_theirs() -> None:
    assert neutral("Grüße, P. Sommerau", people=["Petra Sommerau"]) == "Grüße, [name]"


def test_two_that_overlap_both_go() -> None:
    text = "https://shop.example/x?mail=ada@shop.example&card=4111111111111111 done"
    assert neutral(text) == "https://shop.example/x done"
