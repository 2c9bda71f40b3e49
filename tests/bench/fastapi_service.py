"""What people would write instead: one telemetry route over PostgreSQL."""

import os
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated

import asyncpg
from fastapi import FastAPI
from pydantic import BaseModel, Field

INSERT = """
INSERT INTO telemetry (device_id, ts, soc_percent, voltage_v, current_a, temp_c)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (device_id, ts) DO UPDATE SET
  soc_percent = excluded.soc_percent, voltage_v = excluded.voltage_v,
  current_a = excluded.current_a, temp_c = excluded.temp_c
"""


class Metrics(BaseModel):
    soc_percent: Annotated[float, Field(ge=0, le=100)] | None
    voltage_v: Annotated[float, Field(ge=200, le=500)] | None
    current_a: Annotated[float, Field(ge=-1000, le=1000)] | None
    temp_c: Annotated[float, Field(ge=-50, le=100)] | None


class Telemetry(BaseModel):
    device_id: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,64}$")]
    timestamp: datetime
    metrics: Metrics


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with asyncpg.create_pool(
        host=os.environ["PG_FOLDER"],
        user=os.environ["PG_ROLE"],
        database="postgres",
        min_size=16,
        max_size=16,
    ) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/telemetry", status_code=201)
async def take(telemetry: Telemetry) -> dict[str, str]:
    m = telemetry.metrics
    # A single statement is a transaction of its own.
    await app.state.pool.execute(
        INSERT,
        telemetry.device_id,
        telemetry.timestamp,
        m.soc_percent,
        m.voltage_v,
        m.current_a,
        m.temp_c,
    )
    return {"status": "created"}


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}
