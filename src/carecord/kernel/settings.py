"""Every setting, read once from the environment and passed down. The help texts are the documentation."""

from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The settings of one carecord process. Environment names are `CARECORD_` and the name in capitals."""

    model_config = SettingsConfigDict(env_prefix="CARECORD_", frozen=True, populate_by_name=True)

    data: Path = Field(
        default_factory=lambda: user_data_path("carecord"),
        description=(
            "Folder that holds the embedded database, the signing keys and the load reports."
            " Unless given, carecord in the user's data folder (~/.local/share)."
        ),
    )
    database_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("DATABASE_URL", "database_url"),
        description="A PostgreSQL 15 or later to use in place of the embedded one. Read from DATABASE_URL.",
    )
    host: str = Field(default="127.0.0.1", description="Address the server listens on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port the server listens on.")
    public_url: str | None = Field(
        default=None,
        description="Base URL that callers use, when a reverse proxy stands in front; the tokens' issuer.",
    )
    workers: int = Field(default=1, ge=1, le=64, description="Server processes.")
    pool_size: int = Field(default=8, ge=1, le=200, description="Database connections of one server process.")
    require_subscription_key: bool = Field(
        default=True,
        description="Refuse a call without Ocp-Apim-Subscription-Key. Off: it is checked only when sent.",
    )
    calls_per_minute: int = Field(
        default=0,
        ge=0,
        description="Calls a minute that one subscription may make to one process; 0 for no limit.",
    )
    token_lifetime_s: int = Field(
        default=3600, ge=60, le=86400, description="Seconds that an access token lives."
    )
    browse_by_surname: bool = Field(
        default=False,
        description="Let Find Patient search by surname alone, as the sandpit does.",
    )
    body_limit_bytes: int = Field(
        default=1_048_576, ge=1024, description="Largest request body that is read, in bytes."
    )
    submission_limit_bytes: int = Field(
        default=16_777_216, ge=1024, description="Largest body of Data Submission that is read, in bytes."
    )
    statement_timeout_s: float = Field(
        default=10.0, gt=0, description="Seconds after which a database query of a request is given up (503)."
    )
    cors_origins: str = Field(
        default="",
        description="Origins whose browser apps may call, such as https://app.example; blanks between them.",
    )
    index_model: str = Field(
        default="uk",
        description=(
            "The model that links records: one that carecord ships, or the path of a .json file that"
            " `carecord index train` wrote."
        ),
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="debug, info, warning or error."
    )

    @property
    def base_url(self) -> str:
        """The URL that callers use, without a slash at its end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")
