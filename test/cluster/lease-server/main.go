// Command lease-server serves the Leases of Kubernetes and nothing else, by Kubernetes' own library for API servers:
// what it says of patches, conflicts, dry runs, managed fields and watches is what a kube-apiserver of the library's
// version says. Only what kube-apiserver adds to the library for a Lease is written here: what a valid Lease is, and
// who may do what.
package main

import (
	"flag"
	"fmt"
	"os"

	genericapiserver "k8s.io/apiserver/pkg/server"
)

func main() {
	var options serverOptions
	flag.StringVar(&options.etcd, "etcd", "", "URL of the etcd to store in")
	flag.IntVar(&options.port, "port", 0, "port of 127.0.0.1 to serve HTTPS on")
	flag.StringVar(&options.certificateFile, "certificate", "", "file with the serving certificate, PEM")
	flag.StringVar(&options.privateKeyFile, "private-key", "", "file with the certificate's private key, PEM")
	flag.StringVar(&options.accessFile, "access", "", "JSON file with the namespaces and who may do what, read at each request")
	flag.Parse()

	server, err := newServer(options)
	if err == nil {
		err = server.PrepareRun().RunWithContext(genericapiserver.SetupSignalContext())
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "lease-server: %v\n", err)
		os.Exit(1)
	}
}
