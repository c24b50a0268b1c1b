"""The search around the network: states with fewer variables, and structured families on each of them."""
