package dynamodb

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"cordon/internal/cloud"
)

// Scheme begins the URI of a store of this package: dynamodb://TABLE.
const Scheme = "dynamodb://"

// OpenURI is the store that a configuration names: store is dynamodb://TABLE, in cfg's Region; vault is where evidence
// goes, which, if it is s3://BUCKET/PREFIX, has the overflow too (under PREFIX/store/). No call is made.
func OpenURI(cfg aws.Config, store, vault string) (*Store, error) {
	table, ok := strings.CutPrefix(store, Scheme)
	switch {
	case !ok || !tableName.MatchString(table):
		return nil, fmt.Errorf("open case store: %q names no table (write store: dynamodb://TABLE)", store)
	case cfg.Region == "":
		return nil, fmt.Errorf("open case store: no Region for table %s (set AWS_REGION)", table)
	}
	var overflow Overflow
	if rest, ok := strings.CutPrefix(vault, "s3://"); ok {
		name, prefix, _ := strings.Cut(rest, "/")
		overflow = NewOverflow(cloud.New(cfg, "").S3, name, prefix)
	}
	return Open(dynamodb.NewFromConfig(cfg), table, overflow)
}
