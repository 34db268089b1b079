"""Spanish."""

from __future__ import annotations

from typing import Final

ENTRIES: Final[dict[str, str | dict[str, str]]] = {
    # The first line
    "sessions": {"one": "{who}: 1 sesión en LogRocket", "other": "{who}: {count} sesiones en LogRocket"},
    "linked": "{who}: sesiones en LogRocket",
    "last_activity": "última actividad {distance}",
    "first_activity": "primera actividad {distance}",
    "no_session": "{who}: LogRocket no encontró ninguna sesión de esta persona.",
    "failed": "{who}: LogRocket no pudo resumir las sesiones de esta persona.",
    # The answer that it is about
    "score": "Puntuaci\u00f3n: {score} de 10",
    "rated": "Mala valoraci\u00f3n del ticket {name}",
    "comment": "\u00ab{comment}\u00bb",
    "reference": "Referencia: {reference}",
    # What is special about this note
    "older": "Sin actividad poco antes {case}: lo que sigue es anterior.",
    "late": "Esta nota llega tarde: trata de lo ocurrido hasta {moment}.",
    "on_demand": "Pedida a mano: trata de lo ocurrido hasta {moment}.",
    "reused": "Es la nota {case}, de la misma persona.",
    "merged": "Viene {case}, que se fusionó con este.",
    # Where to look first
    "look_first": "Dónde mirar primero:",
    "last_before": "el último momento antes {case}",
    "first_after": "el primer momento después {case}",
    "last_of_all": "el último momento",
    # Sessions
    "replay": "Grabación de la sesión",
    "session": "Sesión",
    "today": "hoy {time}",
    "yesterday": "ayer {time}",
    "day": "{date}, {time}",
    "before": "{duration} antes {case}",
    "after": "{duration} después {case}",
    "before.named": "{duration} antes",  # the case, which has been named
    "after.named": "{duration} después",
    "just.before": "justo antes {case}",
    "just.after": "justo después {case}",
    "case.ticket": "de este ticket",
    "case.conversation": "de esta conversación",
    "case.answer": "de esta respuesta",
    "case.request": "de esta solicitud",
    "case.note": "de esta nota",
    "case.other_ticket": "del ticket {name}",
    "case.other": "de {name}",
    # The end
    "all_sessions": "Todas las sesiones de esta persona",
    "zone": "horas en {zone}",
    "cut": "Esta nota se acortó: {link}",
}
