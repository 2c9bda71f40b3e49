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
};
