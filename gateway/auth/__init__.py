"""Who may call, how often and how much: keys, rates, budgets, admission. Imports errors and the leaf modules."""
