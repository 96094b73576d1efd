let offset = 0;

/** The portal's clock, to about a second, from the date on its answers: for what a device with a wrong clock must see. */
export const clock = {
  sample(headers: Headers | undefined): void {
    const server = Date.parse(headers?.get("date") ?? "");
    if (!Number.isNaN(server)) offset = server - Date.now();
  },
  /** Milliseconds since 1970; the device's own before the first answer. */
  now: () => Date.now() + offset,
};
