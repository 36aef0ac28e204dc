package awssim

import (
	"reflect"
)

// ec2 gives the Region's EC2 that the call is for.
func (x *request) ec2() *ec2State { return &x.region().EC2 }

// region gives the Region that the call is for.
func (x *request) region() *region { return x.st.region(x.Region) }

// ec2Read and ec2Write register an EC2 operation and answer DryRun, which the caller's permission alone decides;
// after a write, live flows feel what changed.
func ec2Read[I, O any](r registry, f func(*request, *I) (*O, error)) { read(r, "EC2", dryRun(f)) }

func ec2Write[I, O any](r registry, f func(*request, *I) (*O, error)) {
	write(r, "EC2", dryRun(func(x *request, in *I) (*O, error) {
		out, err := f(x, in)
		if err == nil {
			x.ec2().settleFlows(x.Region)
		}
		return out, err
	}))
}

func dryRun[I, O any](f func(*request, *I) (*O, error)) func(*request, *I) (*O, error) {
	return func(x *request, in *I) (*O, error) {
		if field := reflect.ValueOf(in).Elem().FieldByName("DryRun"); field.IsValid() {
			if dry, _ := field.Interface().(*bool); dry != nil && *dry {
				return nil, apiError(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
			}
		}
		return f(x, in)
	}
}

// atomically undoes what f did to EC2 when f fails: for calls that make several things of which one may be refused.
func (x *request) atomically(f func() error) error {
	before := clone(*x.ec2())
	err := f()
	if err != nil {
		*x.ec2() = before
	}
	return err
}

func registerEC2(r registry) {
	registerNetwork(r)
	registerNACLs(r)
	registerEndpoints(r)
	registerGroups(r)
	registerRules(r)
	registerInterfaces(r)
	registerInstances(r)
	registerVolumes(r)
	registerEncryption(r)
	registerSnapshots(r)
	registerProfiles(r)
	registerConsole(r)
	registerTags(r)
}
