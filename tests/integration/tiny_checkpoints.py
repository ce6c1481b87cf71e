"""Checkpoints of transformers with random weights, so small that a test writes and runs them."""

TEMPLATE = (
    "{% for m in messages %}{% if loop.previtem is defined and loop.previtem.role == m.role %}"
    "{{ raise_exception('no') }}{% endif %}"
    "<{{ m.role }}> {{ m.content }} {% endfor %}{% if add_generation_prompt %}<assistant> {% endif %}"
)
WINDOW = 64
WORDS = "what is the sum of two numbers and why name a bird that flies it is a heron three of them <user> <assistant>"


def write_checkpoints(folder):
    """Folders by name: ``pair``, ``graded`` and ``several`` are BERT, with one and three labels; ``causal``, ``chat``
    and ``reward`` are Llama."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from tokenizers.processors import TemplateProcessing
    from transformers import (
        BertConfig,
        BertForMaskedLM,
        BertForSequenceClassification,
        LlamaConfig,
        LlamaForCausalLM,
        LlamaForSequenceClassification,
        PreTrainedTokenizerFast,
        RobertaConfig,
        RobertaForSequenceClassification,
    )

    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *sorted(set(WORDS.split()))]

    def tokenizer(typed, template=None, begins=False):
        made = Tokenizer(WordLevel({name: i for i, name in enumerate(names)}, unk_token="[UNK]"))
        made.pre_tokenizer = WhitespaceSplit()
        if typed:
            made.post_processor = TemplateProcessing(
                single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
            )
        fast = PreTrainedTokenizerFast(
            tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
        )
        fast.chat_template = template
        if begins:  # texts begin with a mark
            fast.bos_token = "[CLS]"
        if typed:
            fast.model_input_names = ["input_ids", "token_type_ids", "attention_mask"]
        return fast

    size = {"vocab_size": len(names), "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "intermediate_size": 64, "max_position_embeddings": WINDOW, "initializer_range": 0.4}  # fmt: skip
    llama = {**size, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
    grades = {"id2label": {0: "bad", 1: "fair", 2: "good"}, "label2id": {"bad": 0, "fair": 1, "good": 2}}
    several = {"problem_type": "multi_label_classification"}
    torch.manual_seed(0)
    made = {
        "pair": (BertForSequenceClassification(BertConfig(**size, num_labels=1)), tokenizer(True)),
        "graded": (BertForSequenceClassification(BertConfig(**size, **grades)), tokenizer(True)),
        "reward": (LlamaForSequenceClassification(LlamaConfig(**llama, num_labels=1)), tokenizer(False, TEMPLATE)),
        "causal": (LlamaForCausalLM(LlamaConfig(**llama)), tokenizer(False)),
        "chat": (LlamaForCausalLM(LlamaConfig(**llama)), tokenizer(False, TEMPLATE, begins=True)),
        "several": (BertForSequenceClassification(BertConfig(**size, **grades, **several)), tokenizer(True)),
        "masked": (BertForMaskedLM(BertConfig(**size)), tokenizer(True)),
        "roberta": (RobertaForSequenceClassification(RobertaConfig(**size, num_labels=1, pad_token_id=1)),
                    tokenizer(True)),
    }  # fmt: skip
    for name, (model, words) in made.items():
        model.save_pretrained(folder / name)
        words.save_pretrained(folder / name)
    return folder
