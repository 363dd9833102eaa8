//go:build tools

// Package tools pins the registry that the integration tests build.
package tools

import _ "github.com/axonops/axonops-schema-registry/cmd/schema-registry"
