package awssim

import (
	"cmp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

const (
	rootDevice      = "/dev/xvda"
	platformWindows = ec2types.PlatformValues("windows") // what EC2 answers; the SDK's constant is capitalised
)

// newInstance describes an instance to make; interfaces, volumes and tags come beside it.
type newInstance struct {
	ID, Reservation, Image, Type, Zone, Key, UserData string
	Windows, Spot, NoTermination, NoStop              bool
	Behavior                                          ec2types.ShutdownBehavior // stop if empty
	Profile                                           *ec2types.IamInstanceProfile
}

// addInstance makes a running instance without interfaces and volumes.
func (s *state) addInstance(r *region, now time.Time, spec newInstance) *instance {
	i := &instance{
		Reservation: cmp.Or(spec.Reservation, s.newID("r")), UserData: spec.UserData, DisableAPITermination: spec.NoTermination, DisableAPIStop: spec.NoStop,
		ShutdownBehavior: cmp.Or(spec.Behavior, ec2types.ShutdownBehaviorStop), Until: now,
	}
	i.Instance = ec2types.Instance{
		InstanceId: aws.String(spec.ID), ImageId: aws.String(spec.Image), InstanceType: ec2types.InstanceType(spec.Type),
		Architecture: architecture(spec.Type), LaunchTime: aws.Time(now), State: instanceState(ec2types.InstanceStateNameRunning),
		Placement:      &ec2types.Placement{AvailabilityZone: aws.String(spec.Zone), Tenancy: ec2types.TenancyDefault},
		RootDeviceName: aws.String(rootDevice), RootDeviceType: ec2types.DeviceTypeEbs, VirtualizationType: ec2types.VirtualizationTypeHvm,
		Hypervisor: ec2types.HypervisorTypeXen, EnaSupport: aws.Bool(true), EbsOptimized: aws.Bool(false),
		AmiLaunchIndex: aws.Int32(0), Monitoring: &ec2types.Monitoring{State: ec2types.MonitoringStateDisabled},
		MetadataOptions: &ec2types.InstanceMetadataOptionsResponse{
			State: ec2types.InstanceMetadataOptionsStateApplied, HttpTokens: ec2types.HttpTokensStateRequired,
			HttpEndpoint: ec2types.InstanceMetadataEndpointStateEnabled, HttpPutResponseHopLimit: aws.Int32(2),
		},
		PlatformDetails: aws.String("Linux/UNIX"),
	}
	if spec.Key != "" {
		i.KeyName = aws.String(spec.Key)
	}
	if spec.Windows {
		i.Platform, i.PlatformDetails = platformWindows, aws.String("Windows")
	}
	if spec.Spot {
		i.InstanceLifecycle, i.SpotInstanceRequestId = ec2types.InstanceLifecycleTypeSpot, aws.String(s.newID("sir"))
	}
	r.EC2.Instances[spec.ID] = i
	return i
}

// architecture follows from the type's name: a g after the generation's digit is Graviton, as in m7g and c6gn.
func architecture(instanceType string) ec2types.ArchitectureValues {
	family, _, _ := strings.Cut(instanceType, ".")
	if i := strings.IndexAny(family, "0123456789"); strings.HasPrefix(family, "a1") || i >= 0 && strings.Contains(strings.TrimLeft(family[i:], "0123456789"), "g") {
		return ec2types.ArchitectureValuesArm64
	}
	return ec2types.ArchitectureValuesX8664
}
