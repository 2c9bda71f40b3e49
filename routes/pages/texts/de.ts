/**
 * The texts of the pages in German.
 *
 * @module
 */

import type { Texts } from "./en.ts";

/** The texts in German. */
export const DE: Texts = {
  "brand": "OpenWatts",
  "skip": "Zum Inhalt springen",
  "nav.label": "Seiten",
  "nav.menu": "Menü",
  "nav.home": "Übersicht",
  "nav.meters": "Zähler & Geräte",
  "nav.export": "Export",
  "nav.upload": "Hochladen",
  "nav.fleet": "Flotte & Filialen",
  "nav.settings": "Einstellungen",
  "nav.docs": "API-Dokumentation",

  "preferences.label": "Anzeige",
  "preferences.language": "Sprache",
  "preferences.theme": "Farbschema",
  "preferences.theme.system": "Wie das System",
  "preferences.theme.light": "Hell",
  "preferences.theme.dark": "Dunkel",
  "preferences.zone": "Zeiten in",
  "preferences.zone.browser": "Zone des Browsers",
  "preferences.zone.utc": "UTC",
  "preferences.zone.source": "Zone der Quelle",
  "preferences.apply": "Anwenden",

  "live.connecting": "Verbindet",
  "live.on": "Live",
  "live.lost": "Der Dienst antwortet nicht. Diese Seite kommt von selbst zurück.",
  "live.lost.since": "Die Zahlen sind von {time}.",
  "live.off": "Nicht live",

  "call.show": "API-Aufruf",
  "call.copy": "Kopieren",
  "call.copied": "Kopiert",

  "signin.title": "Anmelden",
  "signin.intro": "Dieser Dienst fragt, wer Sie sind. Fügen Sie Ihren Schlüssel ein.",
  "signin.key": "Schlüssel oder Token",
  "signin.key.hint":
    "Zum Beispiel ow_… Ihr Browser behält {days} Tage lang eine Sitzung, nicht den Schlüssel.",
  "signin.submit": "Anmelden",
  "signin.wrong":
    "Dieser Schlüssel gilt nicht: Er ist unbekannt, widerrufen, abgelaufen oder nicht für Ihre Adresse.",
  "signin.empty": "Fügen Sie zuerst einen Schlüssel ein.",
  "signin.limited": "Zu viele Versuche. Warten Sie kurz und versuchen Sie es dann noch einmal.",
  "signin.unavailable":
    "Schlüssel lassen sich gerade nicht prüfen. Versuchen Sie es gleich noch einmal.",
  "signin.foreign":
    "Dieses Formular kam von einer anderen Website. Öffnen Sie die Seite neu und melden Sie sich hier an.",
  "signin.help":
    "Wer den Dienst betreibt, legt Schlüssel mit POST /api/keys oder mit ADMIN_KEY an.",
  "signout": "Abmelden",
  "signedin.as": "Angemeldet als {name}",

  "problem.title": "Das hat nicht funktioniert",
  "problem.notfound": "Hier ist nichts",
  "problem.forbidden": "Ihr Schlüssel darf das nicht sehen",
  "problem.home": "Zur Übersicht",

  "home.well": "Alles in Ordnung.",
  "home.attention": "{count} {count#Punkt braucht|Punkte brauchen} Aufmerksamkeit.",
  "home.hidden": "Einige Zahlen brauchen den Scope {scope}, den Ihr Schlüssel nicht hat.",
  "home.of": "von {total}",
  "home.level.good": "OK",
  "home.level.warn": "Prüfen",
  "home.level.bad": "Problem",
  "home.devices": "Geräte",
  "home.devices.label": "offline",
  "home.devices.none": "Alle Geräte senden.",
  "home.devices.newest": "das neueste",
  "home.devices.offline": "{count} {count#Gerät|Geräte} offline",
  "home.stores": "Filialen",
  "home.stores.label": "jetzt ausgefallen",
  "home.stores.down": "{count} {count#Filiale|Filialen} ausgefallen",
  "home.stores.unknown": "{count} {count#Filiale|Filialen} ohne Abfragen",
  "home.stores.rest": "{closed} jetzt geschlossen, {unknown} seit einem Tag ohne Abfrage",
  "home.meters": "Zählerdaten",
  "home.meters.label": "verspätet",
  "home.meters.late": "{count} {count#Zähler|Zähler} verspätet",
  "home.meters.ended": "{number} {count#Zähler endete|Zähler endeten} vor mehr als 31 Tagen",
  "home.jobs": "Aufträge",
  "home.jobs.label": "laufen",
  "home.jobs.failed": "{count} {count#Auftrag|Aufträge} heute gescheitert",
  "home.jobs.rest": "{pending} warten, {failed} in 24 Stunden gescheitert",
  "home.jobs.export": "Export",
  "home.jobs.report": "Bericht",
  "home.jobs.deletion": "Löschung",
  "home.jobs.state.pending": "wartet",
  "home.jobs.state.failed": "gescheitert",
  "home.continuous": "Laufende Exporte",
  "home.continuous.label": "im Rückstand",
  "home.continuous.failing":
    "{count} {count#laufender Export scheitert|laufende Exporte scheitern}",
  "home.continuous.lagging": "{count} {count#laufender Export|laufende Exporte} im Rückstand",
  "home.continuous.off": "Der laufende Export ist aus.",
  "home.disk": "Speicherplatz",
  "home.disk.low": "Speicherplatz fast voll",
  "home.disk.of": "frei von {total}",
  "home.disk.used": "Belegt",
  "home.empty": "Hier ist noch nichts. Zwei Wege zum Anfang:",
  "home.empty.file": "Eine Datei laden",
  "home.empty.file.text":
    "CSV, JSON, NEM12 oder Green Button, auch gepackt. Das Format wird erkannt.",
  "home.empty.drop": "Datei hier ablegen oder auswählen",
  "home.empty.device": "Ein Gerät verbinden",
  "home.empty.device.text": "Senden Sie eine Nachricht. Das Gerät erscheint von selbst.",
  "home.empty.waiting": "Wartet auf die erste Nachricht",
};
