"""What every stage stands on: settings, errors, SQL loading, and the types of health IT that check themselves."""
