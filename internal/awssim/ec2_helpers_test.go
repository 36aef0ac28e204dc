package awssim_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

// What the demo account holds (see awssim.Demo).
const (
	demoVPC     = "vpc-0a1b2c3d4e5f60001"
	demoPublic  = "subnet-0a1b2c3d4e5f60001"
	demoPrivate = "subnet-0a1b2c3d4e5f60002"
	sgWeb       = "sg-0a1b2c3d4e5f60001"
	sgSSH       = "sg-0a1b2c3d4e5f60002"
	sgDB        = "sg-0a1b2c3d4e5f60004"
	web1        = "i-0a1b2c3d4e5f60001"
	batch1      = "i-0a1b2c3d4e5f60002"
	db1         = "i-0a1b2c3d4e5f60003"
	web2        = "i-0a1b2c3d4e5f60011"
	eni1        = "eni-0a1b2c3d4e5f60001"
	eni2        = "eni-0a1b2c3d4e5f60002"
	eniBatch    = "eni-0a1b2c3d4e5f60003"
	eniDB       = "eni-0a1b2c3d4e5f60004"
	region      = awssim.DemoRegion
)

// demo is a filled account and an EC2 client of it.
func demo(t *testing.T, opts awssim.Options) (*awssim.Account, *ec2.Client) {
	t.Helper()
	a := awssim.New(opts)
	if err := awssim.Demo(a); err != nil {
		t.Fatalf("fill account: %v", err)
	}
	return a, ec2.NewFromConfig(a.Config(region))
}

// must gives a call's answer, or ends the test.
func must[O any](out *O, err error) func(*testing.T) *O {
	return func(t *testing.T) *O {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// wantCode checks the AWS error code of an error.
func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	if got := cloud.Code(err); got != want || err == nil {
		t.Errorf("got code %q (%v), want %q", got, err, want)
	}
}
