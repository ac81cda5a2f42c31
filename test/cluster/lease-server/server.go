package main

import (
	"net"

	coordination "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apiserver/pkg/authentication/request/anonymous"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	"k8s.io/apiserver/pkg/authentication/request/union"
	"k8s.io/apiserver/pkg/endpoints/openapi"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/options"
	"k8s.io/apiserver/pkg/server/storage"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/util/compatibility"
)

type serverOptions struct {
	etcd            string
	port            int
	certificateFile string
	privateKeyFile  string
	accessFile      string
}

var (
	scheme         = runtime.NewScheme()
	codecs         = serializer.NewCodecFactory(scheme)
	memoryVersion  = schema.GroupVersion{Group: coordination.GroupName, Version: runtime.APIVersionInternal}
	leasesResource = coordination.Resource("leases")
)

func init() {
	utilruntime.Must(coordination.AddToScheme(scheme))
	// The library converts between a version that is served and one in memory. Here both are the same Go types.
	scheme.AddKnownTypes(memoryVersion, &coordination.Lease{}, &coordination.LeaseList{})
	utilruntime.Must(scheme.SetVersionPriority(coordination.SchemeGroupVersion))
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	scheme.AddUnversionedTypes(
		schema.GroupVersion{Version: "v1"},
		&metav1.Status{},
		&metav1.APIVersions{},
		&metav1.APIGroupList{},
		&metav1.APIGroup{},
		&metav1.APIResourceList{},
	)
}

func newServer(o serverOptions) (*genericapiserver.GenericAPIServer, error) {
	access := accessControl{file: o.accessFile}

	config := genericapiserver.NewConfig(codecs)
	config.EffectiveVersion = compatibility.DefaultBuildEffectiveVersion()
	config.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(describeLease, openapi.NewDefinitionNamer(scheme))
	// The types are needed for managed fields; nobody asks for the document, which would have to describe every path.
	config.SkipOpenAPIInstallation = true
	config.Authentication.Authenticator = union.NewFailOnError(
		bearertoken.New(access),
		anonymous.NewAuthenticator(nil),
	)
	config.Authorization.Authorizer = access
	config.AdmissionControl = access

	serving := options.NewSecureServingOptions().WithLoopback()
	serving.BindAddress = net.IPv4(127, 0, 0, 1)
	serving.BindPort = o.port
	serving.ServerCert.CertKey = options.CertKey{CertFile: o.certificateFile, KeyFile: o.privateKeyFile}
	if err := serving.ApplyTo(&config.SecureServing, &config.LoopbackClientConfig); err != nil {
		return nil, err
	}

	codec, encodeVersion, err := storage.NewStorageCodec(storage.StorageCodecConfig{
		StorageMediaType:  runtime.ContentTypeProtobuf,
		StorageSerializer: codecs,
		StorageVersion:    coordination.SchemeGroupVersion,
		MemoryVersion:     memoryVersion,
	})
	if err != nil {
		return nil, err
	}
	backend := storagebackend.NewDefaultConfig("/registry", codec)
	backend.EncodeVersioner = encodeVersion
	backend.Transport.ServerList = []string{o.etcd}
	if err := options.NewEtcdOptions(backend).ApplyTo(config); err != nil {
		return nil, err
	}

	server, err := config.Complete(nil).New("lease-server", genericapiserver.NewEmptyDelegate())
	if err != nil {
		return nil, err
	}
	leases, err := newLeaseStore(config.RESTOptionsGetter)
	if err != nil {
		return nil, err
	}
	group := genericapiserver.NewDefaultAPIGroupInfo(coordination.GroupName, scheme, metav1.ParameterCodec, codecs)
	group.VersionedResourcesStorageMap[coordination.SchemeGroupVersion.Version] = map[string]rest.Storage{
		leasesResource.Resource: leases,
	}
	return server, server.InstallAPIGroup(&group)
}

func newLeaseStore(optionsGetter generic.RESTOptionsGetter) (*registry.Store, error) {
	store := &registry.Store{
		NewFunc:                   func() runtime.Object { return &coordination.Lease{} },
		NewListFunc:               func() runtime.Object { return &coordination.LeaseList{} },
		DefaultQualifiedResource:  leasesResource,
		SingularQualifiedResource: coordination.Resource("lease"),
		CreateStrategy:            leases,
		UpdateStrategy:            leases,
		DeleteStrategy:            leases,
		TableConvertor:            rest.NewDefaultTableConvertor(leasesResource),
	}
	return store, store.CompleteWithOptions(&generic.StoreOptions{RESTOptions: optionsGetter})
}
