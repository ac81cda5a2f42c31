import { kubeconfigPlace } from "./kubeconfigPlace.js"
import type { Options } from "./options.js"
import type { Place } from "./place.js"
import { testPlace } from "./testPlace.js"
import { unbreakablePlace } from "./unbreakablePlace.js"

export const placeOf = async (options: Options): Promise<Place> => {
  switch (options.where) {
    case "test":
      return testPlace()
    case "in-cluster":
      return unbreakablePlace("the cluster of this pod", {})
    case "kubeconfig":
      return kubeconfigPlace(options.path)
  }
}
