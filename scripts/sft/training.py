"""Fine-tuning with TRL, the loss of what an assistant says, and what the model says by itself."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from sft.corpora import Row
    from sft.language_model import Encoded

TOKENS = 16384  # of a batch in which losses are computed


@dataclass(frozen=True)
class Trained:
    """The model after training, its optimiser steps and their seconds."""

    model: PreTrainedModel
    steps: int
    seconds: float


def train(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, rows: list[Row], lengths: list[int],
    how: dict[str, Any], seed: int, said_only: bool,
) -> Trained:  # fmt: skip
    """Train with TRL's `SFTTrainer`.

    Parameters
    ----------
    model, tokenizer
    rows : list of dict
        With ``messages``.
    lengths : list of int
        Their tokens. A batch gets as many rows as have ``how["batch_tokens"]`` on average, so that arms of equal tokens
        make about equally many steps, whether their rows are long or short.
    how : dict
        ``epochs``, ``learning_rate``, ``batch_tokens``, ``sampling``, ``context``, ``bf16``, ``device``, ``lora``.
    seed : int
    said_only : bool
        Whether the loss is of what an assistant says, or of everything.
    """
    from datasets import Dataset
    from transformers import PrinterCallback
    from trl import SFTConfig, SFTTrainer

    batch = max(1, round(how["batch_tokens"] / float(np.mean(lengths))))
    with tempfile.TemporaryDirectory() as folder:
        arguments = SFTConfig(
            output_dir=folder,
            num_train_epochs=how["epochs"],
            per_device_train_batch_size=batch,
            learning_rate=how["learning_rate"],
            lr_scheduler_type="cosine",
            warmup_steps=0.05,
            max_length=how["context"],
            assistant_only_loss=said_only,
            # Grouped by length there is little padding, but batches of short answers weigh as much as those of long
            # ones, and arms differ in length: it is for the base alone.
            train_sampling_strategy=how["sampling"],
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
        trainer = SFTTrainer(
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
        for part in _batches(rows):
            ids, said, seen = (torch.zeros(len(part), len(rows[part[-1]].ids), dtype=torch.long) for _ in range(3))
            for line, row in enumerate(part):
                long = len(rows[row].ids)
                ids[line, :long], said[line, :long] = torch.tensor(rows[row].ids), torch.tensor(rows[row].said)
                seen[line, :long] = 1
            ids, said, seen = (each.to(model.device) for each in (ids, said, seen))
            with torch.autocast(model.device.type, torch.bfloat16, enabled=how["bf16"]):
                logits = model(input_ids=ids, attention_mask=seen).logits[:, :-1].float()
            wanted, counted = ids[:, 1:], said[:, 1:].bool()
            loss = torch.nn.functional.cross_entropy(logits[counted], wanted[counted], reduction="none")
            total = torch.zeros(counted.shape, dtype=torch.float64, device=model.device)
            total[counted] = loss.double()
            found[part, 0], found[part, 1] = total.sum(1).cpu(), counted.sum(1).cpu()
    return found


def _batches(rows: list[Encoded]) -> list[list[int]]:
    """Rows of alike length, shortest first, so many that with padding they have about `TOKENS`."""
    parts: list[list[int]] = [[]]
    for row in sorted(range(len(rows)), key=lambda row: len(rows[row].ids)):
        if parts[-1] and (len(parts[-1]) + 1) * len(rows[row].ids) > TOKENS:
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
    end = [tokenizer.eos_token_id, *(mark if len(mark) == 1 else [])]
    with torch.inference_mode():
        said = model.generate(
            **prompts, max_new_tokens=limit, do_sample=False, eos_token_id=end, pad_token_id=tokenizer.pad_token_id
        )
    texts = tokenizer.batch_decode(said[:, prompts["input_ids"].shape[1] :], skip_special_tokens=True)
    return [text.strip() for text in texts]
