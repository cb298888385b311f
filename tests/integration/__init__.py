"""The integration in a Home Assistant of the test, with a real Valkey and real BullMQ workers."""
