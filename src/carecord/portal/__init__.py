"""The portal: the API reference for people, and the same as OpenAPI and Postman documents for tools."""
