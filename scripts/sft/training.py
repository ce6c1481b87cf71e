"""Fine-tuning with TRL, the loss of what an assistant says, and what the model says by itself."""

from __future__ import annotations

import gc
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from sft.corpora import Row
    from sft.language_model import Encoded

TOKENS, NUMBERS = 16384, 2**28  # of a batch in which losses are computed, and of its tokens times the vocabulary


class Batches:
    """Rows in an order drawn for each epoch, shared out evenly among a number of batches.

    Of ``alike`` batches that follow each other, each gets as many tokens, of rows that are alike in length, so that
    there is little padding. Where answers are a small part of long rows, their tokens then count for more.
    """

    def __init__(self, tokens: list[int], steps: int, seed: int, alike: int) -> None:
        self.tokens, self.steps, self.rng, self.alike = np.array(tokens), steps, np.random.default_rng(seed), alike

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[list[int]]:
        parts = np.array_split(self.rng.permutation(len(self.tokens)), self.steps)
        for first in range(0, self.steps, self.alike):
            yield from self._by_length(parts[first : first + self.alike])

    def _by_length(self, parts: list[np.ndarray]) -> Iterator[list[int]]:
        count = len(parts)
        if count > 1:
            rows = np.concatenate(parts)
            rows = rows[np.argsort(self.tokens[rows], kind="stable")]
            ends = np.cumsum(self.tokens[rows])
            cuts = np.searchsorted(ends, ends[-1] / count * np.arange(1, count))
            each = np.arange(1, count)  # no batch is empty
            cuts = np.maximum.accumulate(np.maximum(cuts, each) - each) + each
            cuts = np.minimum(cuts, len(rows) - count + each)
            parts = np.split(rows, cuts)
            parts = [parts[i] for i in self.rng.permutation(count)]
        yield from (part.tolist() for part in parts)


@dataclass(frozen=True)
class Trained:
    """The model after training, its optimiser steps and their seconds."""

    model: PreTrainedModel
    steps: int
    seconds: float


def train(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, rows: list[Row], steps: int,
    how: dict[str, Any], seed: int, said_only: bool,
) -> Trained:  # fmt: skip
    """Train with TRL's `SFTTrainer`.

    Parameters
    ----------
    model, tokenizer
    rows : list of dict
        With ``messages`` and ``tokens``.
    steps : int
        Batches of an epoch, no more than there are rows. Rows are shared out evenly among them, so that arms of equal
        tokens make equally many steps, whether their rows are long or short.
    how : dict
        ``epochs``, ``learning_rate``, ``context``, ``bf16``, ``device``, ``lora``; ``alike``, of `Batches`; and
        ``grouped``: whether a batch has as many rows, of alike length. Then batches of short answers weigh as much as
        those of long ones, and arms differ in length: it is for the base alone.
    seed : int
    said_only : bool
        Whether the loss is of what an assistant says, or of everything.
    """
    from datasets import Dataset
    from torch.utils.data import DataLoader
    from transformers import PrinterCallback
    from trl import SFTConfig, SFTTrainer

    class EvenTrainer(SFTTrainer):
        def get_train_dataloader(self) -> Any:
            loader = super().get_train_dataloader()
            if how["grouped"]:
                return loader
            batches = Batches([row["tokens"] for row in rows], steps, seed, how["alike"])
            return self.accelerator.prepare(
                DataLoader(loader.dataset, batch_sampler=batches, collate_fn=loader.collate_fn)
            )

    with tempfile.TemporaryDirectory() as folder:
        arguments = SFTConfig(
            output_dir=folder,
            num_train_epochs=how["epochs"],
            per_device_train_batch_size=max(1, round(len(rows) / steps)),
            learning_rate=how["learning_rate"],
            lr_scheduler_type="cosine",
            warmup_steps=0.05,
            max_length=how["context"],
            assistant_only_loss=said_only,
            train_sampling_strategy="group_by_length" if how["grouped"] else "random",
            gradient_checkpointing=False,
            bf16=how["bf16"],
            use_cpu=how["device"] == "cpu",
            seed=seed,
            data_seed=seed,
            report_to="none",
            logging_strategy="no",
            save_strategy="no",
            disable_tqdm=True,
        )
        trainer = EvenTrainer(
            model=model,
            processing_class=tokenizer,
            train_dataset=Dataset.from_list([{"messages": row["messages"]} for row in rows]),
            args=arguments,
            peft_config=_adapters(how["lora"]),
        )
        trainer.remove_callback(PrinterCallback)
        started = time.perf_counter()
        trainer.train()
    return Trained(trainer.model, trainer.state.global_step, time.perf_counter() - started)


def start(workers: int) -> None:
    """What a process that trains does first: take its share of the cores, and keep the libraries' own bars quiet."""
    # Otherwise batches of ever other lengths fill a GPU with pieces that fit none.
    os.environ.setdefault("PYTORCH_ALLOC_CONF", "expandable_segments:True")
    import datasets
    import torch
    from transformers.utils import logging as transformers_logging

    torch.set_num_threads(max(1, (os.cpu_count() or 1) // workers))
    logging.getLogger("corebound").setLevel(logging.ERROR)  # arms without scorers have no margins, and are told so
    datasets.disable_progress_bars()
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()


def free() -> None:
    """Give the memory of models that are done with back to the GPU, which other processes share."""
    import torch

    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def _adapters(lora: dict[str, Any] | None) -> Any:
    if not lora:
        return None
    from peft import LoraConfig

    return LoraConfig(task_type="CAUSAL_LM", target_modules="all-linear", **lora)


def response_losses(model: PreTrainedModel, rows: list[Encoded], how: dict[str, Any]) -> np.ndarray:
    """float64[n, 2]: for each conversation the summed loss (nats) of what an assistant says, and its tokens."""
    import torch

    model.eval()
    found = np.zeros((len(rows), 2))
    with torch.inference_mode():
        for part in _batches(rows, max(how["context"], min(TOKENS, NUMBERS // model.config.vocab_size))):
            ids, said, seen = (torch.zeros(len(part), len(rows[part[-1]].ids), dtype=torch.long) for _ in range(3))
            for line, row in enumerate(part):
                long = len(rows[row].ids)
                ids[line, :long], said[line, :long] = torch.tensor(rows[row].ids), torch.tensor(rows[row].said)
                seen[line, :long] = 1
            ids, said, seen = (each.to(model.device) for each in (ids, said, seen))
            with torch.autocast(model.device.type, torch.bfloat16, enabled=how["bf16"]):
                logits = model(input_ids=ids, attention_mask=seen).logits[:, :-1]
            wanted, counted = ids[:, 1:], said[:, 1:].bool()
            loss = torch.nn.functional.cross_entropy(logits[counted].float(), wanted[counted], reduction="none")
            total = torch.zeros(counted.shape, dtype=torch.float64, device=model.device)
            total[counted] = loss.double()
            found[part, 0], found[part, 1] = total.sum(1).cpu(), counted.sum(1).cpu()
    return found


def _batches(rows: list[Encoded], tokens: int) -> list[list[int]]:
    """Rows of alike length, shortest first, so many that with padding they have about ``tokens``."""
    parts: list[list[int]] = [[]]
    for row in sorted(range(len(rows)), key=lambda row: len(rows[row].ids)):
        if parts[-1] and (len(parts[-1]) + 1) * len(rows[row].ids) > tokens:
            parts.append([])
        parts[-1].append(row)
    return parts


def answers(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, asked: list[Row], limit: int) -> list[str]:
    """What the model says, greedily and in at most ``limit`` tokens, to all but the last message of conversations."""
    import torch

    model.eval()
    prompts = tokenizer.apply_chat_template(
        [row["messages"][:-1] for row in asked],
        add_generation_prompt=True,
        return_dict=True,
        return_tensors="pt",
        padding=True,
        tokenizer_kwargs={"padding_side": "left"},  # so that all begin to answer at the same place
    ).to(model.device)
    mark = tokenizer.encode("<|end|>", add_special_tokens=False)  # of our template; one token where it is known as such
    own = model.generation_config.eos_token_id
    own = own if isinstance(own, list) else [own]
    end = sorted({token for token in (tokenizer.eos_token_id, *own, *mark[: len(mark) == 1]) if token is not None})
    with torch.inference_mode():
        said = model.generate(
            **prompts, max_new_tokens=limit, do_sample=False, eos_token_id=end, pad_token_id=tokenizer.pad_token_id
        )
    texts = tokenizer.batch_decode(said[:, prompts["input_ids"].shape[1] :], skip_special_tokens=True)
    return [text.strip() for text in texts]
