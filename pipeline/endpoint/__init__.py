"""Language models behind an OpenAI-compatible server: requests are counted, capped, and paid for once."""
