//go:build tools

// Pins h2spec, which `npm run conformance` builds.
package tools

import _ "github.com/summerwind/h2spec/cmd/h2spec"
