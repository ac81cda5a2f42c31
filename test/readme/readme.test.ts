// The README's own tests, as a reader would copy them.
import "virtual:readme/memory.ts"
import "virtual:readme/mock.ts"
import "virtual:readme/test-api-server.ts"
import "virtual:readme/in-memory.ts"
