"""Rows that no one should keep, mixed into a pool."""

from __future__ import annotations

import random
import string
from copy import deepcopy
from typing import Any

from proof.sets import Rows

KINDS = ("shuffled words", "random characters", "another language", "truncated")
# Everyday sentences, so that they are not recognised by being odd.
SENTENCES = """
Der Zug nach Hamburg fährt heute zwanzig Minuten später ab.|Meine Schwester hat gestern einen alten Schrank gekauft.
Wir treffen uns nach der Arbeit vor dem Rathaus.|Im Herbst fallen die Blätter von den Bäumen im Park.
Können Sie mir bitte sagen, wo die nächste Apotheke ist?|Er liest jeden Abend ein paar Seiten in einem Roman.
Das Wetter soll am Wochenende wieder besser werden.|Die Kinder bauen am Strand eine Burg aus Sand.
Für den Kuchen brauchen wir noch Mehl, Butter und drei Eier.|Der Arzt empfahl ihr, mehr zu schlafen.
Le boulanger de notre rue ouvre à six heures du matin.|Elle apprend le piano depuis bientôt trois ans.
Nous avons traversé la rivière sur un vieux pont de bois.|Mon voisin répare lui-même sa voiture le dimanche.
Il faut arroser les tomates avant que le soleil se lève.|La réunion de demain est reportée à la semaine prochaine.
Les élèves ont visité le musée avec leur professeur d'histoire.|Je cherche un appartement calme près de la gare.
Ce fromage se mange avec un verre de vin blanc.|Quand il pleut, le chat dort toute la journée sur le canapé.
La biblioteca cierra a las ocho de la tarde entre semana.|Mi abuelo plantó este olivo cuando era joven.
Ayer perdimos el último autobús y volvimos andando.|¿Podría traernos la cuenta y dos cafés, por favor?
El equipo entrenó bajo la lluvia durante toda la mañana.|Las calles del centro estaban llenas de gente por la fiesta.
Necesito cambiar la contraseña de mi correo electrónico.|Su hermana trabaja en un hospital a las afueras de Sevilla.
Con este calor es mejor salir a correr por la noche.|Los pescadores regresaron al puerto antes del amanecer.
Il treno per Firenze parte dal binario sette fra poco.|Mia nonna prepara la pasta fresca ogni domenica.
Abbiamo dimenticato gli ombrelli in macchina.|Il gatto nero del vicino entra sempre dalla finestra.
Domani devo consegnare la relazione al direttore.|Sul tavolo c'era un vaso pieno di fiori gialli.
Vorrei prenotare una camera con vista sul lago.|D'estate i bambini giocano in cortile fino a tardi.
De fiets van mijn broer staat al een week in de schuur.|Zij heeft haar sleutels op kantoor laten liggen.
Op de markt kochten we verse vis en een bos tulpen.|Het regende zo hard dat de wedstrijd werd afgelast.
Hij schrijft elke maand een brief aan zijn oude leraar.|Morgenochtend gaan we vroeg met de boot naar het eiland.
"""


def mixed(pool: Rows, share: float, seed: int) -> tuple[Rows, list[str | None]]:
    """The pool with garbage among it, a ``share`` of all rows, in equal parts of `KINDS`; and what each row is.

    Every garbage row is a copy of a random row whose answer (or text, where there is no answer) was spoilt.
    """
    draw = random.Random(seed)
    wanted = round(len(pool) * share / (1 - share))
    rows: Rows = list(pool)
    kinds: list[str | None] = [None] * len(pool)
    for number in range(wanted):
        kinds.append(KINDS[number % len(KINDS)])
        rows.append(spoil(pool[draw.randrange(len(pool))], KINDS[number % len(KINDS)], draw))
    return rows, kinds


def spoil(row: dict[str, Any], kind: str, draw: random.Random) -> dict[str, Any]:
    """A copy of a row with its answer, or its text, replaced by garbage."""
    copy = deepcopy(row)
    if "conversations" in copy:
        turn = next(turn for turn in reversed(copy["conversations"]) if turn["from"] == "gpt")
        if kind == "truncated":
            turn["value"] = _spoilt(turn["value"], kind, draw)
        else:  # one bad turn of twenty is not a garbage dialogue
            for turn in copy["conversations"]:
                turn["value"] = _spoilt(turn["value"], kind, draw)
        return copy
    answer = next(name for name in ("completion", "output", "text") if name in copy)
    copy[answer] = _spoilt(copy[answer], kind, draw)
    return copy


def _spoilt(text: str, kind: str, draw: random.Random) -> str:
    words = text.split()
    if kind == "shuffled words":
        draw.shuffle(words)
        return " ".join(words)
    if kind == "random characters":
        return "".join(draw.choices(string.ascii_letters + string.digits + " .,;!?", k=max(12, len(text))))
    if kind == "another language":
        sentences = [sentence for line in SENTENCES.strip().splitlines() for sentence in line.split("|")]
        return " ".join(draw.sample(sentences, min(2, max(1, round(len(words) / 9)))))
    return text[: max(1, round(len(text) * draw.uniform(0.2, 0.7)))]
