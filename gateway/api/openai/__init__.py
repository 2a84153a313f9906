"""OpenAI's dialect: chat completions and models. Imports use cases, wire and what every dialect in api shares."""
