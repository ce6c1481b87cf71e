"""Rows that no one should keep, mixed into a pool."""

from __future__ import annotations

import random
import string
from copy import deepcopy
from typing import Any

from proof.sets import Rows

KINDS = ("shuffled words", "random characters", "another language", "truncated")
# What is mixed in: kinds that the scorer `garbage` is taught to find, made by other rules, and some that it is not.
MIXES = {"known": KINDS, "unknown": ("repetition", "markup")}
TRIED = 1000  # rows, till one differs from its spoilt copy: one word in another order is the same word
# Everyday sentences, so that they are not recognised by being odd: any beginning, middle and end of a language.
LANGUAGES = {
    "German": (
        "Der alte Nachbar|Meine Schwester|Unser Lehrer|Die junge Ärztin|Ein müder Bäcker|Das Kind von gegenüber"
        "|Eine Freundin aus Hamburg|Der neue Kollege|Frau Schneider|Mein Großvater",
        "kauft am Montag|sucht seit gestern|vergisst manchmal|zeigt uns heute|repariert ohne Hilfe|findet endlich"
        "|verkauft nach dem Urlaub|fotografiert jeden Abend|braucht dringend|malt im Garten",
        "einen grünen Schrank|die Schlüssel zum Keller|das kleine Boot am See|drei Bücher über Vögel|sein rotes Fahrrad"
        "|eine Karte der Stadt|den Weg zum Bahnhof|frisches Brot und Käse|die Bäume im Park|ein Geschenk für die Tante",
    ),
    "French": (
        "Le boulanger de notre rue|Ma voisine|Son petit frère|La directrice|Un vieux pêcheur|Le professeur d'histoire"
        "|Cette étudiante|Mon oncle de Lyon|Le médecin du village|Une cliente pressée",
        "cherche depuis hier|achète le dimanche|oublie souvent|nous montre enfin|répare sans aide|regarde avec plaisir"
        "|vend après les vacances|dessine chaque soir|attend devant la gare|prépare pour demain",
        "un vélo rouge|les clés de la cave|trois livres d'images|la carte de la région|du pain et du fromage"
        "|une lettre de sa mère|le chemin du musée|les fleurs du jardin|un cadeau pour sa tante|une vieille armoire",
    ),
    "Spanish": (
        "El vecino de arriba|Mi hermana mayor|La profesora nueva|Un pescador cansado|El médico del pueblo|Su abuela"
        "|Aquella estudiante|Nuestro primo de Sevilla|La dueña del bar|El cartero",
        "busca desde ayer|compra los lunes|olvida a menudo|nos enseña por fin|arregla sin ayuda|mira con cuidado"
        "|vende después de comer|dibuja cada noche|espera en la estación|prepara para mañana",
        "una bicicleta roja|las llaves del sótano|tres libros de pájaros|el mapa de la ciudad|pan con queso"
        "|una carta de su madre|el camino del museo|las flores del patio|un regalo para su tía|un armario viejo",
    ),
    "Italian": (
        "Il vicino di casa|Mia nonna|La maestra nuova|Un pescatore stanco|Il medico del paese|Suo fratello minore"
        "|Quella studentessa|Nostro cugino di Torino|La padrona del bar|Il postino",
        "cerca da ieri|compra il lunedì|dimentica spesso|ci mostra finalmente|ripara senza aiuto|guarda con piacere"
        "|vende dopo le vacanze|disegna ogni sera|aspetta alla stazione|prepara per domani",
        "una bicicletta rossa|le chiavi della cantina|tre libri di uccelli|la mappa della città|del pane con formaggio"
        "|una lettera di sua madre|la strada del museo|i fiori del giardino|un regalo per la zia|un vecchio armadio",
    ),
    "Dutch": (
        "De oude buurman|Mijn zus|Onze leraar|De jonge dokter|Een vermoeide bakker|Het kind van hiernaast"
        "|Een vriendin uit Utrecht|De nieuwe collega|Mevrouw Jansen|Mijn opa",
        "koopt op maandag|zoekt sinds gisteren|vergeet soms|toont ons vandaag|herstelt zonder hulp|vindt eindelijk"
        "|verkoopt na de vakantie|tekent elke avond|wacht bij het station op|schildert in de tuin",
        "een groene kast|de sleutels van de kelder|het bootje op het meer|drie boeken over vogels|zijn rode fiets"
        "|een kaart van de stad|de weg naar het museum|vers brood en kaas|de bomen in het park|een cadeau voor tante",
    ),
}


def mixed(pool: Rows, share: float, mix: str, seed: int) -> tuple[Rows, list[str | None]]:
    """The pool with garbage among it, a ``share`` of all rows, in equal parts of a mix's kinds; and what each row is.

    Every garbage row is a copy of a random row whose answer (or text, where there is no answer) was spoilt.
    """
    draw = random.Random(seed)
    wanted = round(len(pool) * share / (1 - share))
    rows: Rows = list(pool)
    kinds: list[str | None] = [None] * len(pool)
    for number in range(wanted):
        kind = MIXES[mix][number % len(MIXES[mix])]
        tried = (pool[draw.randrange(len(pool))] for _ in range(TRIED))
        spoilt = (copy for row in tried if (copy := spoil(row, kind, draw)) != row)
        if (garbage := next(spoilt, None)) is None:
            raise ValueError(f"{kind} leaves {TRIED} rows as they are; mix in garbage of other kinds.")
        rows.append(garbage)
        kinds.append(kind)
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
        parts = [part.split("|") for part in draw.choice(list(LANGUAGES.values()))]
        sentences = min(4, max(1, round(len(words) / 9)))
        return " ".join(" ".join(draw.choice(part) for part in parts) + "." for _ in range(sentences))
    if kind == "repetition":
        start = draw.randrange(max(1, len(words) - 3))
        return " ".join(words[start : start + draw.randint(2, 5)] * draw.randint(5, 20))
    if kind == "markup":
        return "".join(f'<span class="c{draw.randrange(99)}">{word}</span>' for word in words)
    cut = max(1, round(len(text) * draw.uniform(0.1, 0.9)))
    if draw.random() < 0.5:  # half the cuts are between two words
        blanks = [place for place, character in enumerate(text) if character.isspace() and place]
        cut = min(blanks, key=lambda place: abs(place - cut), default=cut)
    return text[:cut]
