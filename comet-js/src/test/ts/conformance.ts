// The implementation must be usable wherever its declaration is expected. (Its constructor is not: the declaration hides it.)
import type { Comet as DeclaredComet, CometError as DeclaredError } from "./comet.js";
import { Comet, CometError } from "./implementation.js";

export const statics: Pick<typeof DeclaredComet, "connect" | "adopt"> = Comet as unknown as Record<keyof typeof Comet, any>;
export const instance = (comet: Comet): Omit<DeclaredComet, never> => comet;
export const names: Record<Exclude<keyof DeclaredComet, symbol>, true> = null! as Record<Exclude<keyof Comet, symbol>, true>;
export const noMore: Record<Exclude<keyof Comet, symbol>, true> = null! as Record<Exclude<keyof DeclaredComet, symbol>, true>;
export const error: new (...of: ConstructorParameters<typeof DeclaredError>) => Omit<DeclaredError, never> = CometError;
