"""The way in: what sources send is kept, parsed, validated and mapped to catalogue entries."""
