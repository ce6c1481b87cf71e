"""The model that is fine-tuned: a small Llama made here, or one that is given by a folder or a Hub id."""

from __future__ import annotations

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
    "{% else %}{{ message['content'] }}<|end|>{% endif %}\n{% endfor %}"
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


def read_tokenizer(place: str) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder or a Hub id; its chat template is ours where its own does not mark what is said."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(place)
    if "{% generation %}" not in (tokenizer.chat_template or "").replace("{%- generation", "{% generation"):
        tokenizer.chat_template = TEMPLATE
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


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


def read_model(place: str, bf16: bool) -> PreTrainedModel:
    """The model of a folder or a Hub id."""
    import torch
    from transformers import AutoModelForCausalLM

    kind: dict[str, Any] = {"dtype": torch.bfloat16} if bf16 else {"dtype": torch.float32}
    return AutoModelForCausalLM.from_pretrained(place, **kind)
