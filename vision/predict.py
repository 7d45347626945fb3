"""Photo in, Prediction out: what the portal's worker calls. ONNX Runtime, numpy and Pillow only."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import onnx
import onnxruntime
from PIL import Image

from vision import calibration, heatmap
from vision.classes import KEYS, RISKY
from vision.images import Decoded, UnreadableImage, decode
from vision.ood import FeatureSpace
from vision.quality import Quality, judge
from vision.registry import Model, ModelError, ModelId, load_model
from vision.views import Float32, View, make_views

__all__ = ["Outcome", "Prediction", "Predictor", "Reading", "UnreadableImage"]

Outcome = Literal["reading", "uncertain", "not_readable"]
