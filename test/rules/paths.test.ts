import { assert, describe, it } from "vitest"
import { missingFiles, missingNames, modulesMissingOnMap, pages, roomsInCode, roomsOnMap } from "./pages.js"

describe.each(pages)("%s", (page) => {
  it("names no file and no folder that is not there", () => {
    assert.isEmpty(missingFiles(page))
  })

  it("names nothing that is not in its file", () => {
    assert.isEmpty(missingNames(page))
  })
})

describe("the map", () => {
  it("shows the rooms, and which of them each imports", () => {
    assert.deepStrictEqual(roomsOnMap(), roomsInCode())
  })

  it("shows rooms of which no two import each other", () => {
    const rooms = roomsInCode()
    const both = Object.entries(rooms).flatMap(([room, imported]) =>
      imported.filter((other) => rooms[other]?.includes(room) === true).map((other) => `${room}, ${other}`)
    )
    assert.isEmpty(both)
  })

  it("leaves no public module out", () => {
    assert.isEmpty(modulesMissingOnMap())
  })
})
