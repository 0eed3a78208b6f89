/** A value as it comes over the control socket: dates are texts. */
export type Told<Value> = Value extends Date
  ? string
  : Value extends object
    ? { readonly [Key in keyof Value]: Told<Value[Key]> }
    : Value;
