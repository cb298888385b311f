// Each card registers itself with Home Assistant's card picker, the strategy with its dashboard picker.
import "./cards/gpu-host";
import "./cards/stuck-jobs";
