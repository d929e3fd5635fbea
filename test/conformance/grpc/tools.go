//go:build tools

// Pins the interoperability programs of grpc-go, which `npm run conformance` builds.
package tools

import (
	_ "google.golang.org/grpc/interop/client"
	_ "google.golang.org/grpc/interop/http2"
	_ "google.golang.org/grpc/interop/server"
)
