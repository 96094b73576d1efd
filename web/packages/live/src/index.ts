export { liveClient } from "./browser";
export { LiveClient, type LiveOptions, type Status } from "./client";
export { type ChannelView, LiveContext, useChannel } from "./react";
