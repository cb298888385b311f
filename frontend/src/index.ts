// Each card registers itself with Home Assistant's card picker, the strategy with its dashboard picker.
import "./cards/activity";
import "./cards/gpu-host";
import "./cards/headline";
import "./cards/problem-photos";
import "./cards/queues";
import "./cards/speed";
import "./cards/statistics";
import "./cards/stuck-jobs";
import "./strategy/dashboard";
