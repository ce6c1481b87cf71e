"""The model that is fine-tuned: a small Llama made here, or one that is given by a folder or a Hub id."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from sft.corpora import Row

SMALL = "small"
# What an assistant says, its end included, is what the loss is of.
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>\n"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] }}<|end|>{% endgeneration %}"
    "{% else %}{{ message['content'] }}<|end|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
MARKS = ["<|pad|>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>"]


@dataclass(frozen=True)
class Encoded:
    """A conversation as the model reads it: token ids, and which of them an assistant says."""

    ids: list[int]
    said: list[int]


def make_tokenizer(rows: list[Row], size: int, folder: Path) -> None:
    """A byte-level BPE of ``size`` tokens, of what is said in some rows, as a folder."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=MARKS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((m["content"] for row in rows for m in row["messages"]), trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<|pad|>", eos_token="<|end|>")
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)


def read_tokenizer(place: str, revision: str | None = None) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder or a Hub id, with a chat template that marks what an assistant says.

    That is its own, or TRL's version of it for training, or ours where it has none.

    Raises
    ------
    SystemExit
        If there is none, or it has a template without marks of which TRL knows no version, or is none of the
        tokenizers library.
    """
    from transformers import AutoTokenizer
    from trl.chat_template_utils import get_training_chat_template, has_generation_markers

    tokenizer = _read(AutoTokenizer, place, revision=revision)
    if not tokenizer.is_fast:
        raise SystemExit(f"model={place} has a tokenizer without a tokenizer.json, which counts tokens; take another.")
    if tokenizer.chat_template is None:
        tokenizer.chat_template = TEMPLATE
    elif not has_generation_markers(tokenizer.chat_template):
        try:
            tokenizer.chat_template = get_training_chat_template(tokenizer)
        except ValueError as error:
            raise SystemExit(
                f"model={place} has a chat template that does not mark what the assistant says, and TRL knows no "
                "version of it that does; put {% generation %} and {% endgeneration %} around that in it."
            ) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def content(place: str) -> list[Any]:
    """What tells a model of a folder from another: hashes of its files."""
    files = sorted(path for path in Path(place).glob("*") if path.is_file()) if Path(place).is_dir() else []
    found = []
    for path in files:
        with open(path, "rb") as file:
            found.append((path.name, hashlib.file_digest(file, "sha256").hexdigest()))
    return found


def encode(rows: list[Row], tokenizer: PreTrainedTokenizerBase) -> list[Encoded]:
    """Token ids of conversations under the chat template, and what an assistant says of them."""
    found = []
    for row in rows:
        one = tokenizer.apply_chat_template(
            row["messages"], return_dict=True, return_assistant_tokens_mask=True, tokenize=True
        )
        found.append(Encoded(one["input_ids"], one["assistant_masks"]))
    return found


def make_small(tokenizer: PreTrainedTokenizerBase, shape: dict[str, int], context: int, seed: int) -> PreTrainedModel:
    """A Llama of random weights; ``shape`` has ``hidden_size``, ``layers`` and ``heads``."""
    from transformers import LlamaConfig, LlamaForCausalLM, set_seed

    set_seed(seed)
    wide = shape["hidden_size"]
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=wide,
            intermediate_size=8 * wide // 3 // 16 * 16,
            num_hidden_layers=shape["layers"],
            num_attention_heads=shape["heads"],
            max_position_embeddings=context,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def read_model(place: str, revision: str | None, bf16: bool) -> PreTrainedModel:
    """The model of a folder or a Hub id; with weights of 16 bits, which only adapters are trained beside, or of 32."""
    import torch
    from transformers import AutoModelForCausalLM

    kind = torch.bfloat16 if bf16 else torch.float32
    return _read(AutoModelForCausalLM, place, revision=revision, dtype=kind)


def _read(kind: Any, place: str, **how: Any) -> Any:
    try:
        return kind.from_pretrained(place, **how)
    except (OSError, ValueError) as error:
        said = str(error).splitlines()[0].rstrip(".")
        raise SystemExit(
            f"model={place} cannot be read ({said}); expected a folder or Hub id of a causal language model; mend it."
        ) from error
