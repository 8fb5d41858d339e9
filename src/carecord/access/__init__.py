"""Who may ask: clients, tokens, products and their keys, the gate of every call, and the audit trail."""
