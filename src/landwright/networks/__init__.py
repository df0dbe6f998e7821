"""Networks by name: torch and timm only, any input size, any number of bands and classes."""

from landwright.networks import change as _change
from landwright.networks import clcformer as _clcformer
from landwright.networks import clip as _clip
from landwright.networks import ctfa as _ctfa
from landwright.networks import paraformer as _paraformer
from landwright.networks import rs3dada as _rs3dada
from landwright.networks import sam3 as _sam3
from landwright.networks import smp as _smp
from landwright.networks.encoders import EncoderReport, load_encoder_weights, unfold_norms
from landwright.networks.outputs import Outputs
from landwright.networks.registry import NetworkInfo, create_network, list_networks, network_info, register

__all__ = [
    "EncoderReport",
    "NetworkInfo",
    "Outputs",
    "create_network",
    "list_networks",
    "load_encoder_weights",
    "network_info",
    "register",
    "unfold_norms",
]

del _change, _clcformer, _clip, _ctfa, _paraformer, _rs3dada, _sam3, _smp
