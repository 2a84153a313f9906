"""Who may call, how often and how much: keys, rates, budgets, admission. Imports errors only."""
