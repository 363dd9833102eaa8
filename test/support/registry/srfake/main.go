// Command srfake serves franz-go's fake Schema Registry at the address that is its argument.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/twmb/franz-go/pkg/sr/srfake"
)

func main() {
	log.Fatal(http.ListenAndServe(os.Args[1], srfake.NewRegistry().Handler()))
}
