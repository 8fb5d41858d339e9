"""The whole index linked anew in bulk, by the model and guards of arrival; what differs is proposed."""
