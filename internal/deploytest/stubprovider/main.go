// Command stubprovider stands in for the Terraform provider hashicorp/aws where no provider can be downloaded: terraform
// validate, test and plan run against it. Its schema is the real one (schema.cjs); it calls nothing. A plan gives each
// ARN and id that our modules use the form that AWS gives it, in account 111122223333; what else only AWS would know is
// unknown. It refuses to apply.
//
// It is a Go module of its own, so that what it needs does not enter Cordon's.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
)

const (
	name = "registry.terraform.io/hashicorp/aws"
	env  = "STUBPROVIDER_SCHEMA" // names the file that schema.cjs wrote
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "stubprovider:", err)
		os.Exit(1)
	}
}

func run() error {
	text, err := os.ReadFile(os.Getenv(env))
	if err != nil {
		return fmt.Errorf("read the schema that %s names: %w", env, err)
	}
	var s schema
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("decode %s: %w", os.Getenv(env), err)
	}
	return tf5server.Serve(name, func() tfprotov5.ProviderServer { return &server{schema: s} })
}
